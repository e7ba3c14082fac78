import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, lutimes, mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sandbox, type Finished, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

interface Bench extends Sandbox {
  readonly context: string
  /** Writes files of the context; a name that ends in / is a directory. */
  files(files: Readonly<Record<string, string>>): Promise<void>
  build(...args: string[]): Promise<Finished>
  /** As build, and fails unless it exits with 0; gives the image ID. */
  built(...args: string[]): Promise<string>
  /** What a shell command prints in the image `t`. */
  sh(script: string): Promise<string>
  config(): Promise<{ Config: Record<string, unknown>; RootFS: { Layers: string[] } }>
}

async function bench(t: TestContext): Promise<Bench | undefined> {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return undefined
  const box = await sandbox(t)
  await box.ok(['import', '-c', 'CMD ["sh"]', await busyboxTar(), 'busybox'])
  const context = join(box.path, 'context')
  await mkdir(context)
  const build = (...args: string[]): Promise<Finished> =>
    box.run(['build', '--progress', 'plain', '--network', 'none', '-t', 't', ...args, context])
  return {
    ...box,
    context,
    async files(files) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(context, name)
        await mkdir(name.endsWith('/') ? path : join(path, '..'), { recursive: true })
        if (!name.endsWith('/')) await writeFile(path, content)
      }
    },
    build,
    async built(...args) {
      const { code, stdout, stderr } = await build(...args)
      assert.equal(code, 0, stderr)
      return stdout.trim()
    },
    sh: (script) => box.ok(['run', '--rm', '--network', 'none', '--entrypoint', '', 't', 'sh', '-c', script]),
    config: async () =>
      (JSON.parse(await box.ok(['inspect', 't'])) as [{ Config: Record<string, unknown>; RootFS: { Layers: string[] } }])[0],
  }
}

/** Names of the steps that really ran. */
function ran({ stderr }: Finished): string[] {
  const names = new Map([...stderr.matchAll(/^#(\d+) \[(?!internal)[^\]]+\] (.*)$/gm)].map(([, id, name]) => [id, name as string]))
  return [...stderr.matchAll(/^#(\d+) DONE/gm)].flatMap(([, id]) => names.get(id) ?? []).filter((name) => !name.startsWith('FROM'))
}

test('several stages: only what the target needs, cached by definition and by content', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({
    Dockerfile: `FROM busybox AS unused
RUN exit 1
FROM busybox AS make
COPY a.txt b.txt /src/
RUN cat /src/a.txt > /out && cat /proc/uptime > /noise
FROM busybox
COPY --from=make /out /result
RUN cp /result /copy
`,
    'a.txt': 'A\n',
    'b.txt': 'B\n',
  })
  const first = await box.build()
  assert.equal(first.code, 0, first.stderr)
  assert.equal(ran(first).length, 4)
  assert.equal(await box.sh('cat /copy'), 'A')

  const second = await box.build()
  assert.equal(second.stdout, first.stdout)
  assert.deepEqual(ran(second), [])

  await utimes(join(box.context, 'a.txt'), 1, 1)
  assert.deepEqual(ran(await box.build()), [], 'times do not count')

  // The stage runs again, but what is copied from it is the same.
  await box.files({ 'b.txt': 'changed\n' })
  const third = await box.build()
  assert.deepEqual(ran(third), ['COPY a.txt b.txt /src/', 'RUN cat /src/a.txt > /out && cat /proc/uptime > /noise'])
  assert.equal(third.stdout, first.stdout)

  await box.files({ 'a.txt': 'other\n' })
  assert.equal(ran(await box.build()).length, 4)
  assert.equal(await box.sh('cat /copy'), 'other')

  const target = await box.build('--target', 'make')
  assert.deepEqual(ran(target), [])
  const forced = await box.build('--no-cache')
  assert.equal(ran(forced).length, 4)
  const failing = await box.build('--target', 'UNUSED')
  assert.equal(failing.code, 1)
  assert.match(failing.stderr, /exit code 1/)
})

test('build arguments, metadata, history', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({
    Dockerfile: `ARG BASE=busybox
FROM $BASE
ARG WHO=nobody EMPTY=
ENV GREETING="hello \${WHO}" PORT=80
LABEL a.b=c "with blank"="x y"
EXPOSE $PORT 53/udp
VOLUME /data
USER bob
WORKDIR /home/app
RUN echo "$GREETING $WHO \${EMPTY-unset} $(id -un) $(stat -c %U .)" > said
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD true
ENTRYPOINT ["cat"]
CMD ["said"]
ONBUILD RUN touch /triggered
`,
  })
  await box.built('--build-arg', 'WHO=you')
  assert.equal(await box.ok(['run', '--rm', '--network', 'none', 't']), 'hello you you  bob bob')
  const { Config: config } = await box.config()
  assert.deepEqual(config['Env'], ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'GREETING=hello you', 'PORT=80'])
  assert.deepEqual(config['ExposedPorts'], { '80/tcp': {}, '53/udp': {} })
  assert.deepEqual(config['Labels'], { 'a.b': 'c', 'with blank': 'x y' })
  assert.deepEqual(config['OnBuild'], ['RUN touch /triggered'])
  assert.deepEqual([config['User'], config['WorkingDir'], config['StopSignal']], ['bob', '/home/app', 'SIGINT'])
  const history = await box
    .ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 't'])
    .catch(() => box.ok(['history', '--no-trunc', 't']))
  assert.match(history, /RUN \|2 WHO=you EMPTY= \/bin\/sh -c echo/)
  assert.match(history, /WORKDIR \/home\/app/)

  await box.ok(['tag', 't', 'parent'])
  await box.files({ Dockerfile: 'FROM parent\nUSER root\n' })
  const child = await box.build()
  assert.equal(child.code, 1, 'bob may not touch /triggered')
  await box.files({ Dockerfile: 'FROM busybox\nONBUILD RUN echo triggered > /trigger\nONBUILD COPY --from=0 /etc/passwd /copied\n' })
  await box.built()
  await box.ok(['tag', 't', 'parent'])
  await box.files({ Dockerfile: 'FROM busybox AS first\nFROM parent\n' })
  await box.built()
  assert.equal(await box.sh('cat /trigger; grep -c root /copied'), 'triggered\n1')
  assert.equal((await box.config()).Config['OnBuild'] ?? null, null)
})

test('errors name the line and what to do', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  const cases: readonly (readonly [name: string, dockerfile: string, wanted: RegExp])[] = [
    [
      'a failing RUN',
      'FROM busybox\nRUN echo before; false',
      /Dockerfile:2:1: error: \[2\/2\] RUN echo before; false ended with exit code 1[^]*2 \| RUN[^]*printed last:\n.*before/,
    ],
    [
      'a missing source',
      'FROM busybox\nCOPY fiel.txt /',
      /Dockerfile:2:1[^]*"fiel\.txt" is not in the build context[^]*Did you mean file\.txt/,
    ],
    ['an ignored source', 'FROM busybox\nCOPY secret.txt /', /left out by line 1 of \.dockerignore: secret\.\*/],
    ['an unknown instruction', 'FROM busybox\nCPOY a /', /Dockerfile:2:1[^]*Did you mean COPY/],
    ['an unknown user', 'FROM busybox\nUSER nobody-here\nRUN true', /Dockerfile:3:1[^]*nobody-here/],
    ['several sources for a file', 'FROM busybox\nCOPY file.txt Dockerfile /x', /Dockerfile:2:1[^]*several sources/],
    ['a directory over a file', 'FROM busybox\nCOPY dir /etc/passwd', /Dockerfile:2:1[^]*\/etc\/passwd is no directory/],
    ['a feature of later', 'FROM busybox\nRUN --mount=type=secret,id=x true', /Dockerfile:2:1[^]*type=secret is not supported yet/],
    ['a remote source', 'FROM busybox\nADD https://example.invalid/x /', /Dockerfile:2:1[^]*not supported yet/],
    ['a bad expansion', 'FROM busybox\nENV A=${B:?needed}', /Dockerfile:2:\d+[^]*needed/],
    ['RUN on scratch', 'FROM scratch\nRUN true', /Dockerfile:2:1[^]*scratch is empty/],
    ['an unknown stage', 'FROM busybox\nCOPY --from=7 /x /y', /Dockerfile:2:\d+[^]*No stage has the index 7/],
    ['a bad base', 'FROM Bad:Name:x\nRUN true', /Dockerfile:1:1/],
    ['a bad mode', 'FROM busybox\nCOPY --chmod=99 file.txt /', /Dockerfile:2:1[^]*99/],
  ]
  for (const [name, dockerfile, wanted] of cases) {
    await box.files({ Dockerfile: `${dockerfile}\n`, '.dockerignore': 'secret.*\n', 'file.txt': '', 'secret.txt': '', 'dir/x': '' })
    const { code, stderr } = await box.build()
    assert.equal(code, 1, `${name}: ${stderr}`)
    assert.match(stderr, wanted, name)
    assert.deepEqual(await readdir(join(box.root, 'staging')), [], name)
  }
})

test('COPY: wildcards, links, owners, modes, ignored files', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({
    '.dockerignore': '**/*.log\nkeep/*\n!keep/me\n',
    'dir/one': '1',
    'dir/sub/two': '2',
    'dir/x.log': 'no',
    'keep/me': 'me',
    'keep/not': 'not',
    'one.c': 'c',
    'two.c': 'cc',
    Dockerfile: `FROM busybox
RUN mkdir -m 700 /dest && mkdir -p /real && ln -s real /alias && ln -s ../nowhere/new /etc/dangling
COPY dir /dest
COPY dir/ /plain/
COPY *.c none* /c/
COPY one.c /file
COPY one.c /alias
COPY dir /etc/dangling
COPY --chown=bob:50 --chmod=640 one.c /owned/deep/
COPY --chmod=u=rwX,go=rX dir /modes
COPY --exclude=sub dir /without
COPY . /all/
COPY <<EOF <<"RAW" /here/
home \${HOME:-none} \\$x
EOF
$raw
RAW
WORKDIR /w
COPY one.c .
COPY --link dir /alias/linked
COPY --from=busybox --chown=1:2 /etc/passwd pw
`,
  })
  await symlink('one', join(box.context, 'dir/link'))
  await symlink('nowhere', join(box.context, 'dir/broken'))
  await chmod(join(box.context, 'dir/sub'), 0o750)
  await writeFile(Buffer.concat([Buffer.from(join(box.context, 'dir/')), Buffer.of(0x66, 0xff)]), 'bytes')
  const id = await box.built()
  const said = await box.sh(`
    stat -c '%a %n' /dest /plain /dest/sub /modes/sub; find /plain | sort | tr '\\377' Q; cat /plain/link; readlink /plain/broken
    ls /c; cat /file /real/one.c; ls /nowhere/new | head -1; stat -c '%u:%g %a' /owned /owned/deep/one.c; ls /without | wc -l
    ls /all /all/keep | tr '\\n' ' '; echo; cat /here/EOF /here/RAW; cat one.c; stat -c '%u:%g' pw; ls -ld /alias | cut -c1; ls /alias`)
  assert.equal(
    said,
    [
      '700 /dest\n755 /plain\n750 /dest/sub\n755 /modes/sub',
      '/plain\n/plain/broken\n/plain/fQ\n/plain/link\n/plain/one\n/plain/sub\n/plain/sub/two\n1nowhere',
      'one.c\ntwo.c\nccbroken\n1000:50 640\n1000:50 640\n4',
      '/all: Dockerfile dir keep one.c two.c  /all/keep: me \nhome none $x\n$raw\nc1:2\nd\nlinked',
    ].join('\n'),
  )
  assert.equal(await box.built(), id)
  await rename(join(box.context, 'two.c'), join(box.context, 'renamed.c'))
  assert.ok(ran(await box.build()).includes('COPY *.c none* /c/'), 'a renamed file that a wildcard matches is a change')
})

test('ADD unpacks archives, COPY does not', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({
    'tree/a': 'a',
    'tree/d/b': 'b',
    Dockerfile: `FROM busybox\nADD a.tar b.data c.tar.zst /out/\nADD --chown=7:8 a.tar /owned\nADD plain.gz /\nCOPY a.tar /copied\nADD --unpack=false a.tar /raw.tar\n`,
  })
  const at = join(box.context, 'tree')
  await lutimes(join(at, 'a'), 1e9, 1e9)
  execFileSync('tar', ['-C', at, '--owner=5', '--group=6', '-cf', join(box.context, 'a.tar'), '.'])
  execFileSync('tar', ['-C', at, '-czf', join(box.context, 'b.data'), 'd'])
  execFileSync('sh', [
    '-c',
    `tar -C ${at} -cf - a | gzip -c > ${join(box.context, 'c.tar.zst')}; echo text | gzip > ${join(box.context, 'plain.gz')}`,
  ])
  await box.built()
  assert.equal(
    await box.sh(
      "find /out /owned -type f | sort; stat -c '%u:%g %Y' /out/a; stat -c '%u:%g' /owned/d/b; ls /plain.gz; tar tf /copied | wc -l; ls /raw.tar",
    ),
    '/out/a\n/out/d/b\n/owned/a\n/owned/d/b\n0:0 1000000000\n7:8\n/plain.gz\n4\n/raw.tar',
  )
})

test('RUN: environment, heredocs, mounts, no left-overs', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({
    'in/file': 'from context',
    Dockerfile: `FROM busybox AS other
RUN mkdir /o && echo other > /o/file
FROM busybox
RUN <<EOF
echo one > /one
echo "$(hostname) $HOME" > /two
EOF
RUN <<"EOF"
#!/bin/cat
script itself
EOF
RUN cat <<A > /three && cat <<B > /four
a
A
b
B
RUN --mount=type=bind,source=in,target=/mnt/in --mount=from=other,source=/o/file,target=/mnt/o \\
    --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch \\
    cat /mnt/in/file /mnt/o > /five; echo kept > /cache/x; echo gone > /scratch/y; touch /mnt/in/w 2>/dev/null || echo read-only > /six
RUN --mount=type=cache,target=/cache cat /cache/x > /seven
RUN --mount=type=bind,rw,source=in,target=/mnt/in echo more > /mnt/in/file && cat /mnt/in/file > /eight
RUN --network=none ls /sys/class/net > /nine
SHELL ["/bin/sh", "-ec"]
RUN false; true || true
`,
  })
  const failing = await box.build()
  assert.equal(failing.code, 1)
  assert.match(failing.stderr, /Dockerfile:24:1[^]*\[stage-1 9\/9\] RUN false; true \|\| true ended with exit code 1/)
  await box.files({ Dockerfile: (await readFile(join(box.context, 'Dockerfile'), 'utf8')).replace(/SHELL[^]*/, '') })
  await box.built()
  assert.equal(
    await box.sh(
      'cat /one /two /three /four /five /six /seven /eight /nine; ls -d /mnt /cache /scratch /etc/resolv.conf.x /dev/pipes 2>/dev/null; true',
    ),
    'one\nbuildkitsandbox /root\na\nb\nfrom contextother\nread-only\nkept\nmore\nlo',
  )
  assert.equal(await readFile(join(box.context, 'in/file'), 'utf8'), 'from context')
  assert.deepEqual(ran(await box.build()), [])
  await box.files({ 'in/file': 'changed' })
  assert.equal(ran(await box.build()).length, 4, 'what a bind mount holds belongs to the key')
  assert.ok((await readdir(join(box.root, 'builds'))).length > 0, 'full logs are kept')
})

test('independent stages run side by side; two builds do one step once', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  const stage = (name: string): string =>
    `FROM busybox AS ${name}\nRUN echo ${name} > /${name}; cut -d' ' -f1 /proc/uptime > /begin; sleep 2; cut -d' ' -f1 /proc/uptime > /end\n`
  const copy = (name: string): string => `COPY --from=${name} /begin /end /${name}/\n`
  await box.files({ Dockerfile: `${stage('a')}${stage('b')}FROM busybox\n${copy('a')}${copy('b')}` })
  const [one, two] = await Promise.all([box.build(), box.build()])
  assert.deepEqual([one.code, two.code], [0, 0], one.stderr + two.stderr)
  assert.equal(one.stdout, two.stdout)
  const runs = [one, two].flatMap(ran).filter((name) => name.startsWith('RUN'))
  assert.equal(runs.length, 2, runs.join('\n'))
  const [beginA, endA, beginB, endB] = (await box.sh('cat /a/begin /a/end /b/begin /b/end')).split('\n').map(Number) as [
    number,
    number,
    number,
    number,
  ]
  assert.ok(beginA < endB && beginB < endA, 'they overlapped')
})

test('an interrupted build leaves nothing behind and can be taken up', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({ Dockerfile: 'FROM busybox\nRUN echo done > /first\nRUN echo going; sleep 60\n' })
  const child = box.start(['build', '--progress', 'plain', '--network', 'none', '-t', 't', box.context])
  let said = ''
  await new Promise<void>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/ going\n/.test(said)) resolve()
    })
  })
  child.kill('SIGINT')
  const code = await new Promise((resolve) => child.on('close', (exit) => resolve(exit)))
  assert.equal(code, 130, said)
  assert.match(said, /CANCELED/)
  assert.deepEqual(await readdir(join(box.root, 'staging')), [])
  assert.equal(existsSync(`/proc/${child.pid}`), false)
  await box.files({ Dockerfile: 'FROM busybox\nRUN echo done > /first\nRUN echo quick\n' })
  assert.deepEqual(ran(await box.build()), ['RUN echo quick'])
})

test('the same input and SOURCE_DATE_EPOCH give the same image', async (t) => {
  const box = await bench(t)
  if (box === undefined) return
  await box.files({ 'src/f': 'f', Dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY src new/\nRUN echo x > y && mkdir -p z\n' })
  const build = (...args: string[]): Promise<string> => box.built('--build-arg', 'SOURCE_DATE_EPOCH=1000000000', ...args)
  const first = await build()
  await utimes(join(box.context, 'src/f'), new Date(), new Date())
  assert.equal(await build('--no-cache'), first)
  assert.equal(await box.sh('stat -c %Y /w/new /w/y /w/z | sort -u'), '1000000000')
})
