import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createdBy } from './created-by.ts'
import type { CarriedOut } from './created-by.ts'

const ENTRIES: readonly (readonly [CarriedOut, string])[] = [
  [
    {
      kind: 'env',
      pairs: [
        { key: 'a', value: 'b c' },
        { key: 'd', value: '' },
      ],
    },
    'ENV a=b c d=',
  ],
  [{ kind: 'label', pairs: [{ key: 'x y', value: 'z' }] }, 'LABEL x y=z'],
  [
    {
      kind: 'arg',
      args: [
        { name: 'A', value: '1' },
        { name: 'B', value: undefined },
        { name: 'C', value: '' },
      ],
    },
    'ARG A=1 B C=',
  ],
  [{ kind: 'cmd', argv: ['/bin/sh', '-c', 'echo "a\\b"\n\t\u001b é'] }, 'CMD ["/bin/sh" "-c" "echo \\"a\\\\b\\"\\n\\t\\x1b é"]'],
  [{ kind: 'cmd', argv: [] }, 'CMD []'],
  [{ kind: 'entrypoint', argv: ['a', '\u200b\u{e0001}'] }, 'ENTRYPOINT ["a" "\\u200b\\U000e0001"]'],
  [{ kind: 'run', argv: ['/bin/sh', '-c', 'a b'], args: [] }, 'RUN /bin/sh -c a b # buildkit'],
  [
    {
      kind: 'run',
      argv: ['/bin/sh', '-c', 'x'],
      args: [
        { name: 'A', value: '1' },
        { name: 'B', value: undefined },
        { name: 'A', value: '2' },
      ],
    },
    'RUN |2 A=2 B= /bin/sh -c x # buildkit',
  ],
  [{ kind: 'copy', sources: ['a', 'b'], heredocs: [], destination: '/d/' }, 'COPY a b /d/ # buildkit'],
  [{ kind: 'copy', sources: [], heredocs: ['EOF'], destination: '/f' }, 'COPY <<EOF /f # buildkit'],
  [
    { kind: 'add', sources: ['a'], heredocs: ['E'], destination: '.', chown: '1:2', chmod: '755', parents: true },
    'ADD --parents --chown=1:2 --chmod=755 a <<E . # buildkit',
  ],
  [{ kind: 'expose', ports: ['80/tcp', '53/udp'] }, 'EXPOSE [80/tcp 53/udp]'],
  [{ kind: 'volume', paths: ['/d', '/e f'] }, 'VOLUME [/d /e f]'],
  [{ kind: 'shell', args: ['/bin/sh', '-c'] }, 'SHELL [/bin/sh -c]'],
  [{ kind: 'workdir', path: '/w' }, 'WORKDIR /w'],
  [{ kind: 'user', user: 'u' }, 'USER u'],
  [{ kind: 'stopsignal', signal: '9' }, 'STOPSIGNAL 9'],
  [{ kind: 'maintainer', name: 'A B' }, 'MAINTAINER A B'],
  [
    { kind: 'healthcheck', health: { Test: ['CMD-SHELL', 'a b'], Interval: 90e9, Timeout: 15e5, StartPeriod: 3600e9, Retries: 3 } },
    'HEALTHCHECK {Test:[CMD-SHELL a b] Interval:1m30s Timeout:1.5ms StartPeriod:1h0m0s StartInterval:0s Retries:3}',
  ],
]

for (const [step, expected] of ENTRIES) {
  test(`createdBy: ${expected}`, () => assert.equal(createdBy(step), expected))
}
