import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Instruction } from './ast.ts'
import { parseDockerfile } from './parse.ts'

/** What one instruction says, in few words. */
function say(instruction: Instruction): unknown {
  switch (instruction.kind) {
    case 'from':
      return ['from', instruction.image.text, instruction.alias?.text, instruction.platform?.text]
    case 'arg':
      return ['arg', ...instruction.args.map(({ name, value }) => [name.text, value?.text])]
    case 'env':
    case 'label':
      return [instruction.kind, ...instruction.pairs.map(({ key, value }) => [key.text, value.text])]
    case 'run':
    case 'cmd':
    case 'entrypoint': {
      const { command } = instruction
      if (command.form === 'exec') return [instruction.kind, command.args.map(({ text }) => text)]
      return [instruction.kind, command.form === 'shell' ? command.text : command.heredoc.name]
    }
    case 'copy':
    case 'add':
      return [
        instruction.kind,
        ...instruction.sources.map((source) => (source.kind === 'word' ? source.word.text : `<<${source.heredoc.name}`)),
        instruction.destination.text,
      ]
    case 'workdir':
      return ['workdir', instruction.path.text]
    case 'user':
      return ['user', instruction.user.text]
    case 'maintainer':
      return ['maintainer', instruction.name.text]
    case 'stopsignal':
      return ['stopsignal', instruction.signal.text]
    case 'volume':
      return ['volume', ...instruction.paths.map(({ text }) => text)]
    case 'expose':
      return ['expose', ...instruction.ports.map(({ text }) => text)]
    case 'shell':
      return ['shell', ...instruction.args.map(({ text }) => text)]
    case 'healthcheck':
      return ['healthcheck', instruction.health]
    case 'onbuild':
      return ['onbuild', instruction.trigger]
    case 'invalid':
      return ['invalid']
  }
}

const INSTRUCTIONS: readonly (readonly [source: string, ...said: unknown[]])[] = [
  // 1.1 case, blanks
  ['from a', ['from', 'a', undefined, undefined]],
  [' \t RuN  echo  A ', ['run', 'echo  A']],
  ['RUN\techo', ['run', 'echo']],
  // comments
  ['# a\nRUN x # y\n  # b\nRUN z', ['run', 'x # y'], ['run', 'z']],
  ['RUN a \\\n# c \\\n  # d\n  b', ['run', 'a   b']],
  // continuation
  ['RUN a\\\nb\\ \t\n  c', ['run', 'ab  c']],
  ['RUN a\\\\\nUSER b', ['run', 'a\\\\'], ['user', 'b']],
  ['RUN a \\\n\n \n b', ['run', 'a  b']],
  ['RUN a \\', ['run', 'a']],
  ['RUN a \\\n', ['run', 'a']],
  ['\\\nRUN a', ['run', 'a']],
  ['US\\\nER me', ['user', 'me']],
  // byte order mark, CR LF
  ['\uFEFFRUN a', ['run', 'a']],
  ['\uFEFF# escape=`\r\nRUN a `\r\n b\r\n', ['run', 'a  b']],
  // escape directive
  ['# escape=`\nRUN a `\n b\\\nUSER c', ['run', 'a  b\\'], ['user', 'c']],
  ['#escape = ` \nCOPY --chown=a`"b x y', ['copy', 'x', 'y']],
  // a directive after anything else is a comment
  ['# x\n# escape=`\nRUN a \\\n b', ['run', 'a  b']],
  ['\n# escape=`\nRUN a \\\n b', ['run', 'a  b']],
  ['# unknown=1\n# escape=`\nRUN a \\\n b', ['run', 'a  b']],
  // exec form
  ['RUN ["a", "b c", "\\u0064\\n"]', ['run', ['a', 'b c', 'd\n']]],
  ["RUN ['a']", ['run', "['a']"]],
  ['RUN ["a"] b', ['run', '["a"] b']],
  ['RUN [ -f x ]', ['run', '[ -f x ]']],
  ['CMD []', ['cmd', []]],
  ['ENTRYPOINT [ "a" ,\\\n "b" ] ', ['entrypoint', ['a', 'b']]],
  // JSON of COPY, ADD, VOLUME
  ['COPY ["a b", "$c", "/d e/"]', ['copy', 'a b', '$c', '/d e/']],
  ['ADD ["a", "b"] c', ['add', '["a",', '"b"]', 'c']],
  ['VOLUME ["/a b"]', ['volume', '/a b']],
  ['VOLUME /a  $b', ['volume', '/a', '$b']],
  ['COPY "a b" c', ['copy', '"a', 'b"', 'c']],
  // flags
  ['RUN -- --x', ['run', '--x']],
  ['RUN --network=none -- a --b', ['run', 'a --b']],
  ['COPY --chown="a b" x y', ['copy', 'x', 'y']],
  // words
  ['ENV a=b c="d e" f=\\ g\'h i\'', ['env', ['a', 'b'], ['c', '"d e"'], ['f', "\\ g'h i'"]]],
  ['ENV A B= C=d ', ['env', ['A', 'B= C=d']]],
  ['ENV a  "b"  c', ['env', ['a', '"b"  c']]],
  ['ENV a=', ['env', ['a', '']]],
  ['ENV a=b\\', ['env', ['a', 'b']]],
  ['LABEL "a b"=c d.e="f \\\n  g"', ['label', ['"a b"', 'c'], ['d.e', '"f   g"']]],
  ['LABEL a b c', ['label', ['a', 'b c']]],
  ['ARG A B=1 C="x y" D=', ['arg', ['A', undefined], ['B', '1'], ['C', '"x y"'], ['D', '']]],
  ['FROM --platform=$P a:$V as B-1.x', ['from', 'a:$V', 'B-1.x', '$P']],
  ['EXPOSE 80  90/udp $P', ['expose', '80', '90/udp', '$P']],
  ['WORKDIR /a b', ['workdir', '/a b']],
  ['USER a:b', ['user', 'a:b']],
  ['MAINTAINER A <a@b>', ['maintainer', 'A <a@b>']],
  ['STOPSIGNAL SIGTERM', ['stopsignal', 'SIGTERM']],
  ['SHELL ["a", "-c"]', ['shell', 'a', '-c']],
  // health checks
  ['HEALTHCHECK none', ['healthcheck', { Test: ['NONE'] }]],
  ['HEALTHCHECK CMD a  b', ['healthcheck', { Test: ['CMD-SHELL', 'a  b'] }]],
  [
    'HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=1h --start-interval=2s --retries=3 cmd ["a", "b"]',
    ['healthcheck', { Test: ['CMD', 'a', 'b'], Interval: 90e9, Timeout: 5e8, StartPeriod: 3600e9, StartInterval: 2e9, Retries: 3 }],
  ],
  ['HEALTHCHECK --interval=0 CMD a', ['healthcheck', { Test: ['CMD-SHELL', 'a'] }]],
  // ONBUILD
  ['onbuild  run  a \\\n b', ['onbuild', 'run  a  b']],
  ['ONBUILD COPY --from=x a b', ['onbuild', 'COPY --from=x a b']],
  // heredocs
  ['RUN <<EOF\na\n  b\\\nEOF\nUSER x', ['run', 'a\n  b\\\n'], ['user', 'x']],
  ['RUN <<EOF\nEOF', ['run', '']],
  ['RUN <<-EOF\n\t\ta\n\t b\n\tEOF\n', ['run', 'a\n b\n']],
  ['RUN << EOF\na\nEOF', ['run', 'a\n']],
  ['RUN 3<<X\na\nX', ['run', 'a\n']],
  ['RUN <<"a b"\nx\na b', ['run', 'x\n']],
  ['RUN <<EOF\r\na\r\nEOF\r\n', ['run', 'a\r\n']],
  ['RUN <<EOF\n#!/bin/x\nEOF', ['run', 'EOF']],
  ["RUN cat <<A >f && <<-'B' b\n1\nA\n\t2\nB", ['run', "cat <<A >f && <<-'B' b\n1\nA\n\t2\nB"]],
  ['RUN <<EOF python\nx\nEOF', ['run', '<<EOF python\nx\nEOF']],
  ['RUN a<<EOF', ['run', 'a<<EOF']],
  ['RUN a <<< EOF', ['run', 'a <<< EOF']],
  ['RUN echo "<<EOF" \'<<B\' \\<<C', ['run', 'echo "<<EOF" \'<<B\' \\<<C']],
  ['RUN echo "it <<EOF', ['run', 'echo "it <<EOF']],
  ['RUN ["a", "<<EOF"]', ['run', ['a', '<<EOF']]],
  ['RUN a <<-', ['run', 'a <<-']],
  ['CMD a <<EOF', ['cmd', 'a <<EOF']],
  ['COPY <<A x <<B /d/\n1\nA\n2\nB\nUSER x', ['copy', '<<A', 'x', '<<B', '/d/'], ['user', 'x']],
  ['ADD <<"a b" /d\nx\na b', ['add', '<<a b', '/d']],
  ['ONBUILD RUN <<EOF\na\nEOF', ['onbuild', 'RUN <<EOF\na\nEOF']],
  ['ONBUILD COPY <<-A /x\n\ta\n\tA', ['onbuild', 'COPY <<-A /x\n\ta\nA']],
]

for (const [source, ...said] of INSTRUCTIONS) {
  test(`parseDockerfile(${JSON.stringify(source)})`, () => {
    const { instructions, diagnostics } = parseDockerfile(source)
    assert.deepEqual(instructions.map(say), said)
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
    )
  })
}

test('a line has no limit', () => {
  const long = 'x'.repeat(200_000)
  const [instruction] = parseDockerfile(`RUN ${long}`).instructions
  assert.deepEqual(instruction && say(instruction), ['run', long])
})

const FINDINGS: readonly (readonly [source: string, code: string, at: string, severity?: 'warning'])[] = [
  ['', 'DOCKERFILE_EMPTY', ''],
  ['# only a comment', 'DOCKERFILE_EMPTY', ''],
  ['# escape=x\nUSER a', 'DIRECTIVE_INVALID', 'x'],
  ['# escape=`\n# ESCAPE=`\nUSER a', 'DIRECTIVE_REPEATED', '`'],
  ['# syntax=tonistiigi/other:1\nUSER a', 'SYNTAX_UNSUPPORTED', 'tonistiigi/other:1'],
  ['// syntax=other\nUSER a', 'SYNTAX_UNSUPPORTED', 'other'],
  ['{"syntax": "other"}', 'SYNTAX_UNSUPPORTED', '{"syntax": "other"}'],
  ['RUNN a', 'INSTRUCTION_UNKNOWN', 'RUNN'],
  ['ONBUILD RUNN a', 'INSTRUCTION_UNKNOWN', 'RUNN'],
  ['ONBUILD ONBUILD RUN a', 'INSTRUCTION_INVALID', 'ONBUILD'],
  ['ONBUILD from a', 'INSTRUCTION_INVALID', 'from'],
  ['ONBUILD MAINTAINER a', 'INSTRUCTION_INVALID', 'MAINTAINER'],
  ['RUN a \\\n\n b', 'CONTINUATION_EMPTY', '', 'warning'],
  ['RUN', 'ARGUMENT_MISSING', 'RUN'],
  ['RUN []', 'ARGUMENT_MISSING', 'RUN []'],
  ['CMD', 'ARGUMENT_MISSING', 'CMD'],
  ['COPY a', 'ARGUMENT_MISSING', 'COPY a'],
  ['COPY', 'ARGUMENT_MISSING', 'COPY'],
  ['ENV', 'ARGUMENT_MISSING', 'ENV'],
  ['ONBUILD', 'ARGUMENT_MISSING', 'ONBUILD'],
  ['HEALTHCHECK', 'ARGUMENT_MISSING', 'HEALTHCHECK'],
  ['HEALTHCHECK CMD', 'ARGUMENT_MISSING', 'HEALTHCHECK CMD'],
  ['HEALTHCHECK NONE a', 'ARGUMENT_EXTRA', 'a'],
  ['HEALTHCHECK a', 'HEALTHCHECK_INVALID', 'a'],
  ['HEALTHCHECK --interval=1us CMD a', 'HEALTHCHECK_INVALID', '1us'],
  ['HEALTHCHECK --interval=1 CMD a', 'HEALTHCHECK_INVALID', '1'],
  ['HEALTHCHECK --retries=-1 CMD a', 'HEALTHCHECK_INVALID', '-1'],
  ['VOLUME []', 'ARGUMENT_MISSING', 'VOLUME []'],
  ['VOLUME [" "]', 'ARGUMENT_MISSING', '" "'],
  ['SHELL a', 'JSON_INVALID', 'a'],
  ['SHELL []', 'ARGUMENT_MISSING', 'SHELL []'],
  ['RUN ["a", 1]', 'JSON_INVALID', '["a", 1]'],
  ['COPY ["a", null]', 'JSON_INVALID', '["a", null]'],
  ["CMD ['a', 'b']", 'JSON_INVALID', "['a', 'b']", 'warning'],
  ['COPY ["a" "b"]', 'JSON_INVALID', '["a" "b"]', 'warning'],
  ['FROM a b', 'ARGUMENT_EXTRA', 'b'],
  ['FROM a AS', 'ARGUMENT_MISSING', 'AS'],
  ['FROM a AS b c', 'ARGUMENT_EXTRA', 'c'],
  ['FROM a AS 1b', 'NAME_INVALID', '1b'],
  ['ENV a', 'KEY_VALUE_INVALID', 'a'],
  ['ENV =a', 'KEY_VALUE_INVALID', '=a'],
  ['ENV a=b c', 'KEY_VALUE_INVALID', 'c'],
  ['ARG =a', 'KEY_VALUE_INVALID', '=a'],
  ['COPY --form=x a b', 'FLAG_UNKNOWN', '--form=x'],
  ['ENV --a b=c', 'FLAG_UNKNOWN', '--a'],
  ['COPY --from=x --from=y a b', 'FLAG_REPEATED', '--from=y'],
  ['COPY --from a b', 'FLAG_INVALID', '--from'],
  ['COPY --link=no a b', 'FLAG_INVALID', 'no'],
  ['COPY --link= a b', 'FLAG_INVALID', ''],
  ['RUN --network=some a', 'FLAG_INVALID', 'some'],
  ['RUN --mount=typ=cache,target=/x a', 'FLAG_INVALID', 'typ=cache,target=/x'],
  ['RUN <<EOF\na\n EOF', 'HEREDOC_UNTERMINATED', '<<EOF'],
  ['RUN <<EOF;\na\nEOF', 'HEREDOC_UNTERMINATED', '<<EOF;'],
  ['COPY a <<EOF\nb\nEOF', 'HEREDOC_INVALID', '<<EOF'],
]

for (const [source, code, at, severity = 'error'] of FINDINGS) {
  test(`parseDockerfile(${JSON.stringify(source)}): ${code}`, () => {
    const { diagnostics } = parseDockerfile(source)
    assert.deepEqual(
      diagnostics.map(({ code: found, range, severity: kind }) => [found, source.slice(range.start.offset, range.end.offset), kind]),
      [[code, at, severity]],
    )
  })
}

test('near misses come with the right word', () => {
  const suggestions = ['RUNN a', 'FORM a', 'COPY --chwon=1 a b', 'WORKIDR /', 'RUN --mount=type=cahce,target=/x a'].map(
    (source) => parseDockerfile(source).diagnostics[0]?.suggestion,
  )
  assert.deepEqual(suggestions, [
    'Did you mean RUN?',
    'Did you mean FROM?',
    'Did you mean --chown?',
    'Did you mean WORKDIR?',
    'Did you mean cache?',
  ])
})

test('directives and first lines', () => {
  for (const [source, expected] of [
    ['# syntax=docker/dockerfile:1\n# Check = skip=all;error=true \nUSER a', ['syntax=docker/dockerfile:1', 'check=skip=all;error=true']],
    [
      '#!/usr/bin/env x\n# syntax = docker.io/docker/dockerfile-upstream:master a\nUSER a',
      ['syntax=docker.io/docker/dockerfile-upstream:master a'],
    ],
    ['// syntax=docker/dockerfile:1\nUSER a', ['syntax=docker/dockerfile:1']],
    ['# syntax=mirror.local:5000/docker/dockerfile@sha256:00\nUSER a', ['syntax=mirror.local:5000/docker/dockerfile@sha256:00']],
    ['# syntax\nUSER a', []],
  ] as const) {
    const { directives, diagnostics } = parseDockerfile(source)
    assert.deepEqual(
      directives.map(({ name, value }) => `${name}=${value}`),
      expected,
    )
    assert.deepEqual(diagnostics, [])
  }
})

test('comments document the instruction below them', () => {
  const { instructions, comments } = parseDockerfile(
    '# gone\n#\n# base the base\n\n# check=skip=all\nFROM a AS base\n# of b\nUSER \\\n# inside\nb',
  )
  assert.deepEqual(
    instructions.map(({ docs }) => docs.map(({ text }) => text)),
    [['base the base', 'check=skip=all'], ['of b']],
  )
  assert.deepEqual(
    comments.map(({ text }) => text),
    ['gone', '', 'base the base', 'check=skip=all', 'of b', 'inside'],
  )
})

test('flags are typed', () => {
  const [copy, add, run] = parseDockerfile(
    'COPY --from=x --chown="a b":c --chmod=755 --link --parents=FALSE --exclude=*.a --exclude=*.b s d\n' +
      'ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false s d\nRUN --mount=target=/a --mount=type=tmpfs,target=/b --security=insecure --network=host a',
  ).instructions
  assert.ok(copy?.kind === 'copy' && add?.kind === 'add' && run?.kind === 'run')
  assert.deepEqual([copy.from?.text, copy.chown?.text, copy.chmod?.text, copy.link, copy.parents], ['x', 'a b:c', '755', true, false])
  assert.deepEqual(
    copy.excludes.map(({ text }) => text),
    ['*.a', '*.b'],
  )
  assert.deepEqual([add.checksum?.text, add.keepGitDir, add.unpack, add.link], ['sha256:0', true, false, false])
  assert.deepEqual([run.mounts.length, run.security, run.network], [2, 'insecure', 'host'])
})

test('heredocs know whether they expand', () => {
  for (const [word, expand] of [
    ['EOF', true],
    ['"EOF"', false],
    ["E'O'F", false],
    ['E\\OF', true],
    ['-EOF', true],
  ] as const) {
    const [instruction] = parseDockerfile(`COPY <<${word} /x\na\nEOF`).instructions
    assert.deepEqual(
      instruction?.heredocs.map((heredoc) => [heredoc.name, heredoc.expand, heredoc.stripTabs]),
      [['EOF', expand, word === '-EOF']],
    )
  }
})

test('ranges point at the source across continued lines', () => {
  const source = 'ENV a=1 \\\n # no\n  b="x \\\ny" \\\n c=3\n'
  const [env] = parseDockerfile(source).instructions
  assert.ok(env?.kind === 'env')
  assert.deepEqual(
    env.pairs.map(({ key, value, range }) =>
      [key, value].map((word) => [word.text, source.slice(word.range.start.offset, word.range.end.offset), range.start.line]),
    ),
    [
      [
        ['a', 'a', 1],
        ['1', '1', 1],
      ],
      [
        ['b', 'b', 3],
        ['"x y"', '"x \\\ny"', 3],
      ],
      [
        ['c', 'c', 5],
        ['3', '3', 5],
      ],
    ],
  )
  assert.deepEqual(env.range, { start: { line: 1, column: 0, offset: 0 }, end: { line: 5, column: 4, offset: source.length - 1 } })
})
