import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf } from '../../kit/mod.ts'
import type { RunConfig } from '../../oci/mod.ts'
import { applyChanges } from './apply-changes.ts'

const ROWS: readonly (readonly [changes: readonly string[], base: RunConfig, wanted: RunConfig])[] = [
  [['ENV A=1 B="x y"'], { Env: ['A=0', 'C=3'] }, { Env: ['A=1', 'C=3', 'B=x y'] }],
  [['ENV A=1 B=$A'], { Env: ['A=0'] }, { Env: ['A=1', 'B=0'] }],
  [['ENV A 1 B=2'], {}, { Env: ['A=1 B=2'] }],
  [['LABEL a=1', 'LABEL "b c"=2 a=3'], {}, { Labels: { a: '3', 'b c': '2' } }],
  [['CMD echo hi'], { Shell: ['/bin/bash', '-c'] }, { Shell: ['/bin/bash', '-c'], Cmd: ['/bin/bash', '-c', 'echo hi'] }],
  [['CMD ["a", "b"]', 'CMD ["c"]'], {}, { Cmd: ['c'] }],
  [['ENTRYPOINT ["e"]'], { Cmd: ['inherited'] }, { Entrypoint: ['e'] }],
  [['CMD ["own"]', 'ENTRYPOINT ["e"]'], { Cmd: ['inherited'] }, { Cmd: ['own'], Entrypoint: ['e'] }],
  [['CMD []'], { Cmd: ['inherited'] }, { Cmd: [] }],
  [['EXPOSE 80 90-91/udp'], { ExposedPorts: { '1/tcp': {} } }, { ExposedPorts: { '1/tcp': {}, '80/tcp': {}, '90/udp': {}, '91/udp': {} } }],
  [['VOLUME /a b', 'VOLUME ["/c d"]'], {}, { Volumes: { '/a': {}, b: {}, '/c d': {} } }],
  [['WORKDIR a', 'WORKDIR ../b/./c'], { WorkingDir: '/x' }, { WorkingDir: '/x/b/c' }],
  [['USER bob:staff', 'STOPSIGNAL 9'], {}, { User: 'bob:staff', StopSignal: '9' }],
  [['HEALTHCHECK --interval=1s CMD x'], {}, { Healthcheck: { Interval: 1e9, Test: ['CMD-SHELL', 'x'] } }],
  [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['CMD', 'y'] } }, { Healthcheck: { Test: ['NONE'] } }],
  [['ONBUILD RUN x', 'ONBUILD COPY a b'], { OnBuild: ['RUN old'] }, { OnBuild: ['RUN x', 'COPY a b'] }],
]

for (const [changes, base, wanted] of ROWS) {
  test(`${changes.join('; ')} on ${JSON.stringify(base)}`, () => {
    const result = applyChanges(base, changes)
    assert.deepEqual(Object.fromEntries(Object.entries(result).filter(([key]) => key in wanted)), wanted)
  })
}

for (const change of ['RUN true', 'COPY a b', 'FROM x', 'CDM x', 'STOPSIGNAL NO', 'EXPOSE x', 'ENV', 'ONBUILD FROM x']) {
  test(`${change} is no change of a config`, () => {
    assert.throws(
      () => applyChanges({}, [change]),
      (error) => codeOf(error) === 'DOCKERFILE_INVALID',
    )
  })
}
