import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChmod } from './chmod.ts'
import { parseDuration } from './duration.ts'
import { exposedPorts, parseExpose } from './expose.ts'
import { mountSource, parseMount } from './mount.ts'
import { parseChown, parseUser } from './ownership.ts'
import { parseDockerfile } from './parse.ts'
import { cleanPath, joinDestination, joinWorkdir } from './paths.ts'
import { isPredefined, platformArguments, proxyEnvironment } from './predefined.ts'
import { parseSignal } from './signal.ts'

const AT = { start: { line: 2, column: 1, offset: 9 }, end: { line: 2, column: 5, offset: 13 } }
const word = (text: string): { text: string; range: typeof AT } => ({ text, range: AT })
const owner = { uid: 0, gid: 0 }

test('parseMount: types, defaults, aliases', () => {
  for (const [text, expected] of [
    ['target=/a', { type: 'bind', target: '/a', source: '', from: undefined, readOnly: true }],
    ['type=bind,dst=a,src=/b,from=x,rw', { type: 'bind', target: 'a', source: '/b', from: 'x', readOnly: false }],
    ['TYPE=Bind,Destination=/a,readwrite=false', { type: 'bind', target: '/a', source: '', from: undefined, readOnly: true }],
    [
      'type=cache,target=/a',
      {
        type: 'cache',
        target: '/a',
        id: undefined,
        sharing: 'shared',
        source: '',
        from: undefined,
        readOnly: false,
        mode: 0o755,
        ...owner,
      },
    ],
    [
      'type=cache,id=i,sharing=LOCKED,ro,mode=0700,uid=1,gid=2,source=s,from=f,target=/a',
      { type: 'cache', target: '/a', id: 'i', sharing: 'locked', source: 's', from: 'f', readOnly: true, mode: 0o700, uid: 1, gid: 2 },
    ],
    ['type=tmpfs,target=/a', { type: 'tmpfs', target: '/a', size: undefined }],
    ['type=tmpfs,target=/a,size=64m', { type: 'tmpfs', target: '/a', size: 64 * 1024 * 1024 }],
    ['type=tmpfs,target=/a,size=1.5GiB', { type: 'tmpfs', target: '/a', size: 1.5 * 1024 ** 3 }],
    [
      'type=secret,id=dir/s',
      { type: 'secret', id: 'dir/s', target: '/run/secrets/s', env: undefined, required: false, mode: 0o400, ...owner },
    ],
    ['type=secret,target=/x/y', { type: 'secret', id: 'y', target: '/x/y', env: undefined, required: false, mode: 0o400, ...owner }],
    ['type=secret,id=s,env=E,required', { type: 'secret', id: 's', target: undefined, env: 'E', required: true, mode: 0o400, ...owner }],
    [
      'type=secret,src=s,env=E,target=/t,required=1',
      { type: 'secret', id: 's', target: '/t', env: 'E', required: true, mode: 0o400, ...owner },
    ],
    ['type=ssh', { type: 'ssh', id: 'default', target: undefined, required: false, mode: 0o600, ...owner }],
    ['type=ssh,id=k,target=/s,mode=666', { type: 'ssh', id: 'k', target: '/s', required: false, mode: 0o666, ...owner }],
    ['"target=/a,b"', { type: 'bind', target: '/a,b', source: '', from: undefined, readOnly: true }],
    ['"target=/a""b"', { type: 'bind', target: '/a"b', source: '', from: undefined, readOnly: true }],
  ] as const) {
    assert.deepEqual(parseMount(word(text)), expected, text)
  }
})

test('parseMount: values are expanded after the fields are split', () => {
  const asked: string[] = []
  const mount = parseMount(word('type=$T,target=/a,from=f$V'), (value, key) => {
    asked.push(`${key}=${value}`)
    return value.replace('$T', 'bind').replace('$V', ',x')
  })
  assert.deepEqual(asked, ['type=$T', 'target=/a', 'from=f$V'])
  assert.deepEqual(mount, { type: 'bind', target: '/a', source: '', from: 'f,x', readOnly: true })
  assert.deepEqual(mountSource(word('target=/a,From=b')), word('b'))
  assert.equal(mountSource(word('target=/a,from=')), undefined)
  assert.equal(mountSource(word('"broken')), undefined)
})

for (const text of [
  '',
  'target',
  'target=',
  'target=/',
  'type=cahce,target=/a',
  'targt=/a',
  'type=cache',
  'required,target=/a',
  'type=bind,target=/a,size=1',
  'type=tmpfs,target=/a,size=x',
  'target=/a,mode=755',
  'type=cache,target=/a,mode=8',
  'type=cache,target=/a,uid=x',
  'target=/a,ro=maybe',
  'type=cache,target=/a,sharing=some',
  'type=secret',
  'type=secret,id=a,src=b',
  'type=secret,id=a,from=b',
  'type=secret,id=a,sharing=shared',
  'type=ssh,src=a',
  '"target=/a',
  'target="/a"',
  '"target=/a"x',
]) /* prettier-ignore */ {
  test(`parseMount(${text}) throws`, () => assert.throws(() => parseMount(word(text)), { code: 'MOUNT_INVALID', range: AT }))
}

test('parseChmod', () => {
  for (const [text, mode, isDirectory, expected] of [
    ['755', 0o600, false, 0o755],
    ['0', 0o777, true, 0],
    ['07777', 0, true, 0o7777],
    ['u+x', 0o644, false, 0o744],
    ['+x', 0o644, false, 0o755],
    ['a-w', 0o666, false, 0o444],
    ['u=rwX,go=rX', 0o600, false, 0o644],
    ['u=rwX,go=rX', 0o600, true, 0o755],
    ['u=rwX,go=rX', 0o610, false, 0o755],
    ['go=', 0o777, false, 0o700],
    ['g=u', 0o740, false, 0o770],
    ['o=g-w', 0o660, false, 0o664],
    ['g+u', 0o710, false, 0o770],
    ['u+s,g+s', 0o755, false, 0o6755],
    ['+t', 0o755, true, 0o1755],
    ['o+t', 0o755, true, 0o755],
    ['u=rw,u+x', 0, false, 0o700],
    ['ug+rw-x', 0o111, false, 0o661],
  ] as const) {
    assert.equal(parseChmod(text)(mode, isDirectory).toString(8), expected.toString(8), text)
  }
  for (const text of ['', '64a', '8', '10000', '755 ', 'u', 'x+u', 'u+y', 'u+x,', 'rwx', '=,']) {
    assert.throws(() => parseChmod(text), { code: 'CHMOD_INVALID' }, text)
  }
})

test('parseChown and parseUser', () => {
  const id = (number: number): object => ({ kind: 'id', id: number })
  const name = (text: string): object => ({ kind: 'name', name: text })
  for (const [text, chown, user] of [
    ['1000', { user: id(1000), group: id(1000) }, { user: id(1000), group: undefined }],
    ['1000:5', { user: id(1000), group: id(5) }, undefined],
    ['me', { user: name('me'), group: undefined }, undefined],
    ['me:staff', { user: name('me'), group: name('staff') }, undefined],
    ['me:5', { user: name('me'), group: id(5) }, undefined],
    ['me:', { user: name('me'), group: undefined }, undefined],
  ] as const) {
    assert.deepEqual(parseChown(text), chown)
    assert.deepEqual(parseUser(text), user ?? chown)
  }
  for (const text of ['', ':a', 'a:b:c', '4294967296']) assert.throws(() => parseChown(text), { code: 'CHOWN_INVALID' })
})

test('parseExpose', () => {
  for (const [text, expected] of [
    ['80', ['80/tcp']],
    ['80/UDP', ['80/udp']],
    ['80/', ['80/tcp']],
    ['8000-8002/sctp', ['8000/sctp', '8001/sctp', '8002/sctp']],
    ['127.0.0.1:1:80', ['80/tcp']],
    ['[::1]:1:80/udp', ['80/udp']],
    ['1-2:3-4', ['3/tcp', '4/tcp']],
    ['1-9:80', ['80/tcp']],
  ] as const) {
    assert.deepEqual(parseExpose(text), expected)
  }
  for (const text of ['', 'a', '80/http', '80/tcp/x', '65536', '2-1', '-1', '1-3:1-2', 'x:1:2', '1.2.3.256:1:2', '$P', '8 0']) {
    assert.throws(() => parseExpose(text), { code: 'EXPOSE_INVALID' }, text)
  }
  const [expose] = parseDockerfile('EXPOSE 90 $P 80').instructions
  assert.ok(expose?.kind === 'expose')
  assert.deepEqual(exposedPorts(expose, { escape: '\\', lookup: () => '1 2/udp' }), ['1/tcp', '2/udp', '80/tcp', '90/tcp'])
  assert.throws(() => exposedPorts(expose, { escape: '\\', lookup: () => 'x' }), { code: 'EXPOSE_INVALID', range: expose.ports[1]?.range })
})

test('parseSignal', () => {
  for (const [text, expected] of [
    ['SIGTERM', 15],
    ['kill', 9],
    ['9', 9],
    ['sigrtmin+3', 37],
    ['RTMAX-1', 63],
    ['SIGRTMAX', 64],
  ] as const) {
    assert.equal(parseSignal(text), expected)
  }
  for (const text of ['', '0', '65', 'SIGFOO', 'RTMIN-1', 'RTMIN+16', '-9'])
    assert.throws(() => parseSignal(text), { code: 'SIGNAL_INVALID' })
  assert.throws(() => parseSignal('SIGTREM'), { hint: 'Did you mean SIGTERM?' })
})

test('parseDuration', () => {
  for (const [text, expected] of [
    ['0', 0],
    ['1h30m5.5s', 5405.5e9],
    ['1.5ms', 15e5],
    ['.5s', 5e8],
    ['1.s', 1e9],
    ['7us', 7000],
    ['7µs', 7000],
    ['-1s', -1e9],
    ['+1ns', 1],
  ] as const) {
    assert.equal(parseDuration(text), expected)
  }
  for (const text of ['', '1', 's', '.s', '1x', '1s ', '9999999999h', '-'])
    assert.throws(() => parseDuration(text), { code: 'DURATION_INVALID' })
})

test('paths', () => {
  for (const [path, expected] of [
    ['', '.'],
    ['/', '/'],
    ['/..//a/./b/../c/', '/a/c'],
    ['../a/..', '..'],
    ['a/../../b', '../b'],
  ] as const) {
    assert.equal(cleanPath(path), expected)
  }
  for (const [current, path, workdir, destination] of [
    ['', 'a', '/a', '/a'],
    ['/x', 'a/', '/x/a', '/x/a/'],
    ['/x', '../../b', '/b', '/b'],
    ['/x', '/y/.', '/y', '/y/'],
    ['/x', '.', '/x', '/x/'],
    ['/x', '', '/x', '/x/'],
    ['/', './', '/', '/'],
  ] as const) {
    assert.deepEqual([joinWorkdir(current, path), joinDestination(current, path)], [workdir, destination])
  }
})

test('predefined arguments', () => {
  const platforms = { build: { os: 'linux', architecture: 'amd64' }, target: { os: 'linux', architecture: 'arm', variant: 'v7' } }
  assert.deepEqual(platformArguments({ ...platforms, targetStage: undefined }), {
    BUILDPLATFORM: 'linux/amd64',
    BUILDOS: 'linux',
    BUILDOSVERSION: '',
    BUILDARCH: 'amd64',
    BUILDVARIANT: '',
    TARGETPLATFORM: 'linux/arm/v7',
    TARGETOS: 'linux',
    TARGETOSVERSION: '',
    TARGETARCH: 'arm',
    TARGETVARIANT: 'v7',
    TARGETSTAGE: 'default',
  })
  assert.deepEqual(proxyEnvironment({ http_proxy: 'p', NO_PROXY: 'n', X: 'y' }), {
    HTTP_PROXY: 'p',
    http_proxy: 'p',
    NO_PROXY: 'n',
    no_proxy: 'n',
  })
  assert.deepEqual(['http_proxy', 'TARGETARCH', 'SOURCE_DATE_EPOCH', 'TARGETSTAGE', 'VERSION', 'TARGETX'].map(isPredefined), [
    true,
    true,
    true,
    true,
    false,
    false,
  ])
})
