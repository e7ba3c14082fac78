import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DockerfileError } from './errors.ts'
import { expandWord } from './expand.ts'
import { parseDockerfile } from './parse.ts'
import { argumentValue, globalScope, reachableStages, resolveStages, selectTarget } from './resolve.ts'
import type { GlobalScope, ResolvedStage, StageSource } from './resolve.ts'
import { groupStages } from './stages.ts'

const PREDEFINED = { TARGETARCH: 'arm64', BUILDPLATFORM: 'linux/amd64' }

function resolve(source: string, buildArgs: Record<string, string> = {}): { stages: ResolvedStage[]; scope: GlobalScope } {
  const dockerfile = parseDockerfile(source)
  const grouped = groupStages(dockerfile)
  const scope = globalScope(grouped, { escape: dockerfile.escape, buildArgs, predefined: PREDEFINED })
  return { stages: resolveStages(grouped, scope), scope }
}

function say(source: StageSource): string | number {
  return source.kind === 'stage' ? source.index : source.kind === 'image' ? source.reference : 'scratch'
}

const RESOLVED: readonly (readonly [name: string, source: string, expected: unknown, buildArgs?: Record<string, string>])[] = [
  ['scratch and images', 'FROM scratch\nFROM a:1@sha256:0', [['scratch'], ['a:1@sha256:0']]],
  ['names, in any case', 'FROM x AS Base\nFROM bAsE', [['x'], [0]]],
  ['a name hides an image', 'FROM busybox AS busybox\nFROM busybox', [['busybox'], [0]]],
  ['a later name does not', 'FROM b\nFROM c AS b', [['b'], ['c']]],
  ['the last of a name wins', 'FROM x AS a\nFROM y AS a\nFROM a\nCOPY --from=a / /', [['x'], ['y'], [1, 1]]],
  ['for those behind it', 'FROM x AS a\nFROM y\nCOPY --from=a / /\nFROM z AS a', [['x'], ['y', 0], ['z']]],
  ['indexes', 'FROM x\nFROM y\nFROM 0\nCOPY --from=0 / /\nCOPY --from=1 / /', [['x'], ['y'], ['0', 0, 1]]],
  ['mounts', 'FROM x AS a\nFROM y\nRUN --mount=target=/a,from=A --mount=target=/b,FROM=img:1 c', [['x'], ['y', 0, 'img:1']]],
  ['variables', 'ARG V=1\nARG I=img:$V\nFROM ${I}-$TARGETARCH\nCOPY --from=$I / /', [['img:1-arm64', 'img:1']]],
  ['build arguments', 'ARG V=1\nARG U\nFROM $V$U$TARGETARCH', [['abc']], { V: 'a', U: 'b', TARGETARCH: 'c' }],
  ['defaults', 'ARG U\nFROM ${U:-x}', [['x']]],
  ['triggers of a stage', 'FROM x AS a\nFROM y AS b\nONBUILD COPY --from=a / /\nFROM b\nFROM 2', [['x'], ['y'], [1, 0], ['2']]],
]

for (const [name, source, expected, buildArgs] of RESOLVED) {
  test(`resolveStages: ${name}`, () => {
    const { stages } = resolve(source, buildArgs)
    assert.deepEqual(
      stages.map(({ base, dependencies }) => [say(base), ...dependencies.map((dependency) => say(dependency.source))]),
      expected,
    )
  })
}

const REFUSED: readonly (readonly [source: string, code: string, line: number])[] = [
  ['FROM x AS a\nCOPY --from=a / /', 'STAGE_SELF', 2],
  ['FROM x\nCOPY --from=0 / /', 'STAGE_SELF', 2],
  ['FROM x\nCOPY --from=b / /\nFROM y AS B', 'STAGE_FORWARD', 2],
  ['FROM x\nRUN --mount=target=/a,from=b c\nFROM y AS b', 'STAGE_FORWARD', 2],
  ['FROM x\nCOPY --from=1 / /\nFROM y', 'STAGE_FORWARD', 2],
  ['FROM x\nCOPY --from=1 / /', 'STAGE_UNKNOWN', 2],
  ['FROM $NONE', 'BASE_INVALID', 1],
  ['ARG A=\nFROM --platform=$A x', 'BASE_INVALID', 2],
  ['FROM x\nARG A=b\nCOPY --from=$A / /', 'BASE_INVALID', 3],
  ['FROM "x', 'EXPANSION_INVALID', 1],
  ['ARG A=${B?}\nFROM x', 'EXPANSION_REQUIRED', 1],
]

for (const [source, code, line] of REFUSED) {
  test(`resolveStages(${JSON.stringify(source)}) throws ${code}`, () => {
    assert.throws(
      () => resolve(source),
      (error) => error instanceof DockerfileError && error.code === code && error.range?.start.line === line,
    )
  })
}

test('a misspelt global argument gets a suggestion', () => {
  assert.throws(() => resolve('ARG VERSION=1\nFROM $VERSOIN'), { hint: 'Did you mean VERSION?' })
})

test('groupStages: what stands outside of a stage, and repeated names', () => {
  for (const [source, codes] of [
    ['ARG A\nRUN x\nFROM a\nRUN y', ['STAGE_MISSING']],
    ['ARG A', ['STAGE_MISSING']],
    ['FORM a\nRUN x', []],
    ['FROM a AS x\nFROM b AS X', ['STAGE_REPEATED']],
    ['', []],
  ] as const) {
    assert.deepEqual(
      groupStages(parseDockerfile(source)).diagnostics.map(({ code }) => code),
      codes,
    )
  }
  const { globals, stages } = groupStages(parseDockerfile('ARG A\nARG B\nFROM a AS X\nRUN y\nFROM b'))
  assert.deepEqual(
    [globals.length, stages.map(({ name, instructions }) => [name, instructions.length])],
    [
      2,
      [
        ['x', 1],
        [undefined, 0],
      ],
    ],
  )
})

test('selectTarget: the last, by name in any case, by index, or a suggestion', () => {
  const { stages } = resolve('FROM x AS Builder\nFROM y AS dup\nFROM z AS dup\nFROM w')
  assert.deepEqual(
    [undefined, 'BUILDER', 'dup', '1'].map((target) => selectTarget(stages, target).index),
    [3, 0, 2, 1],
  )
  assert.throws(() => selectTarget(stages, 'biulder'), { code: 'STAGE_UNKNOWN', hint: 'Did you mean builder?' })
  assert.throws(() => selectTarget(stages, '9'), { code: 'STAGE_UNKNOWN' })
  assert.throws(() => selectTarget([]), { code: 'STAGE_MISSING' })
})

test('reachableStages leaves out what the target does not need', () => {
  const { stages } = resolve(
    'FROM x AS a\nFROM a AS b\nFROM y AS unused\nFROM z AS c\nCOPY --from=b / /\nFROM w\nRUN --mount=target=/x,from=c d\nFROM unused',
  )
  const reached = (target: string): number[] => reachableStages(stages, selectTarget(stages, target))
  assert.deepEqual([reached('4'), reached('a'), reached('5')], [[0, 1, 3, 4], [0], [2, 5]])
})

test('argumentValue: build argument, own default, global, unset', () => {
  const source = 'ARG G=global\nARG N\nFROM x\nARG G N A=${G}! B= C=${U?} G=own'
  const dockerfile = parseDockerfile(source)
  const { scope: globals } = resolve(source)
  const [arg] = groupStages(dockerfile).stages[0]?.instructions ?? []
  assert.ok(arg?.kind === 'arg')
  const scope = { escape: '\\' as const, lookup: (name: string) => (name === 'G' ? 'stage' : undefined) }
  assert.deepEqual(
    arg.args.map((declaration) => argumentValue(declaration, { buildArgs: { C: 'given' }, globals, scope })),
    ['global', undefined, 'stage!', '', 'given', 'own'],
  )
  assert.equal(expandWord({ text: '$G', range: arg.range }, globals), 'global')
})
