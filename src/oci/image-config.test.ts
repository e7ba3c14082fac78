import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageConfigError, parseImageConfig } from './mod.ts'

const D = `sha256:${'a'.repeat(64)}`
const minimal = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [D] } }

function parse(document: unknown): unknown {
  return parseImageConfig(new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document)))
}

test('parseImageConfig(): a minimal one', () => assert.deepEqual(parse(minimal), minimal))

test('parseImageConfig(): docker writes nulls; they go, except where they mean something; unknown members stay', () => {
  const run = { Hostname: '', User: 'a', Env: ['A=b'], Cmd: null, Entrypoint: null, Volumes: null, OnBuild: null, Labels: null, Image: 'x' }
  assert.deepEqual(
    parse({ ...minimal, docker_version: '20', container: 'c', config: run, history: null, created: '2020-01-01T00:00:00Z' }),
    {
      ...minimal,
      docker_version: '20',
      container: 'c',
      created: '2020-01-01T00:00:00Z',
      config: { Hostname: '', User: 'a', Env: ['A=b'], Cmd: null, Entrypoint: null, Image: 'x' },
    },
  )
  assert.deepEqual(parse({ ...minimal, rootfs: { type: 'layers', diff_ids: null } }), {
    ...minimal,
    rootfs: { type: 'layers', diff_ids: [] },
  })
})

for (const [name, document] of [
  ['no rootfs', { ...minimal, rootfs: undefined }],
  ['another rootfs type', { ...minimal, rootfs: { type: 'x', diff_ids: [] } }],
  ['a bad diffID', { ...minimal, rootfs: { type: 'layers', diff_ids: ['sha256:x'] } }],
  ['no architecture', { ...minimal, architecture: undefined }],
  ['no os', { ...minimal, os: null }],
  ['Env as an object', { ...minimal, config: { Env: {} } }],
  ['Cmd as a string', { ...minimal, config: { Cmd: 'sh' } }],
  ['Labels with numbers', { ...minimal, config: { Labels: { a: 1 } } }],
  ['Volumes as an array', { ...minimal, config: { Volumes: ['/a'] } }],
  ['history as an object', { ...minimal, history: {} }],
  ['history of strings', { ...minimal, history: ['a'] }],
  ['empty_layer as a string', { ...minimal, history: [{ empty_layer: 'true' }] }],
  ['an artifact', {}],
  ['not JSON', 'x'],
] as const) {
  test(`parseImageConfig(): refuses ${name}`, () => assert.throws(() => parse(document), ImageConfigError))
}
