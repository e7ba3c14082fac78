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

test('a real Debian base: gcc by apt, a static program, copied to scratch', { timeout: 900_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['debootstrap', 'runc'] })) return
  const box = await sandbox(t)
  const context = join(box.path, 'context')
  await mkdir(context)
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE)
  await writeFile(join(context, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello from scratch"); return 0; }\n')

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

  await writeFile(join(context, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello again"); return 0; }\n')
  const third = await box.run(build)
  assert.equal(third.code, 0, third.stderr)
  // COPY hello.c and gcc are redone; the copy to scratch reads another file, so it is made anew too.
  assert.deepEqual(
    ranSteps(third.stderr).filter((step) => step.includes('build ')),
    ['COPY hello.c .', 'RUN gcc -static -Os -s -o hello hello.c'].map((step) => ranSteps(third.stderr).find((name) => name.endsWith(step))),
  )
  assert.equal(await box.ok(['run', '--rm', 'hello']), 'hello again')
  assert.match(await box.ok(['verify'], { timeout: 300_000 }), /no damage/)
})

/** Names of the Dockerfile's steps that were not cached, from plain progress. */
function ranSteps(log: string): string[] {
  const names = new Map([...log.matchAll(/^#(\d+) (\[[^\]]+\] .*)$/gm)].map(([, id, name]) => [id, name as string]))
  const cached = new Set([...log.matchAll(/^#(\d+) CACHED$/gm)].map(([, id]) => id))
  const done = [...log.matchAll(/^#(\d+) DONE/gm)].map(([, id]) => id)
  return done.filter((id) => !cached.has(id)).flatMap((id) => names.get(id) ?? []).filter((name) => /\] (RUN|COPY|ADD|WORKDIR)/.test(name))
}
