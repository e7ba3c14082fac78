import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sandbox } from '../support/lamina.ts'
import { debianTar, needs } from '../support/machine.ts'

const DOCKERFILE = `FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY hello.c .
RUN gcc -static -Os -s -o hello hello.c
FROM scratch
COPY --from=build /src/hello /hello
ENTRYPOINT ["/hello"]
`

const SOURCE = '#include <stdio.h>\nint main(void) { puts("hello from scratch"); return 0; }\n'

test('a real Debian base: gcc by apt, a static program, copied to scratch', { timeout: 900_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['debootstrap', 'runc'] })) return
  const box = await sandbox(t)
  const context = join(box.path, 'context')
  await mkdir(context)
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE)
  await writeFile(join(context, 'hello.c'), SOURCE)

  await box.ok(['import', '-c', 'CMD ["bash"]', await debianTar(), 'debian:bookworm'], { timeout: 300_000 })
  const build = ['build', '--progress', 'plain', '-t', 'hello', context]
  const id = await box.ok(build, { timeout: 600_000 })

  const [image] = JSON.parse(await box.ok(['inspect', 'hello'])) as [{ Size: number; RootFS: { Layers: string[] } }]
  assert.equal(image.RootFS.Layers.length, 1)
  assert.ok(image.Size < 1e6, `${image.Size} bytes`)
  assert.equal(await box.ok(['run', '--rm', 'hello']), 'hello from scratch')

  const second = await box.run(build)
  assert.equal(second.stdout.trim(), id)
  assert.deepEqual(ranSteps(second.stderr), [])

  // A comment changes the source but not the program: what copies the program stays cached, by its content.
  await writeFile(join(context, 'hello.c'), `// said once more\n${SOURCE}`)
  const third = await box.run(build)
  assert.equal(third.code, 0, third.stderr)
  assert.deepEqual(ranSteps(third.stderr), ['COPY hello.c .', 'RUN gcc -static -Os -s -o hello hello.c'])

  await writeFile(join(context, 'hello.c'), SOURCE.replace('from scratch', 'again'))
  const fourth = await box.run(build)
  assert.equal(ranSteps(fourth.stderr).length, 3, fourth.stderr)
  assert.equal(await box.ok(['run', '--rm', 'hello']), 'hello again')
  assert.match(await box.ok(['verify'], { timeout: 300_000 }), /no damage/)
})

/** The Dockerfile's steps that really ran, from plain progress: those with a DONE and no CACHED line. */
function ranSteps(log: string): string[] {
  const names = new Map([...log.matchAll(/^#(\d+) \[[^\]]+ \d+\/\d+\] (.*)$/gm)].map(([, id, name]) => [id, name as string]))
  const done = [...log.matchAll(/^#(\d+) DONE/gm)].map(([, id]) => id)
  return done.flatMap((id) => names.get(id) ?? []).filter((name) => /^(RUN|COPY|ADD|WORKDIR)/.test(name))
}
