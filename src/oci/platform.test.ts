import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf } from '../kit/mod.ts'
import {
  formatPlatform,
  hostPlatform,
  MediaType,
  normalizePlatform,
  parseDigest,
  parsePlatform,
  platformMatches,
  selectPlatform,
  type Descriptor,
} from './mod.ts'

for (const [text, wanted] of [
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['Linux/AMD64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm64/v9.0', 'linux/arm64/v9'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/i386', 'linux/386'],
  ['macos/arm64', 'darwin/arm64'],
  ['windows(10.0.17763)/amd64', 'windows(10.0.17763)/amd64'],
  ['arm64', 'linux/arm64'],
  ['riscv64', 'linux/riscv64'],
] as const) {
  test(`parsePlatform(): ${text} is ${wanted}`, () => {
    const platform = parsePlatform(text)
    assert.equal(formatPlatform(platform), wanted)
    assert.deepEqual(parsePlatform(wanted), platform)
    assert.deepEqual(normalizePlatform(platform), platform)
  })
}

for (const text of ['', 'linux', 'linux/', '/amd64', 'a/b/c/d', 'linux amd64', 'linux/amd64\n/x', 'linux//v7']) {
  test(`parsePlatform(): refuses ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => parsePlatform(text),
      (error) => codeOf(error) === 'PLATFORM_INVALID',
    ))
}

for (const [arch, wanted] of [
  ['x64', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['arm', 'linux/arm/v7'],
  ['ia32', 'linux/386'],
  ['ppc64', 'linux/ppc64le'],
  ['s390x', 'linux/s390x'],
] as const) {
  test(`hostPlatform(): ${arch} is ${wanted}`, () => assert.equal(formatPlatform(hostPlatform('linux', arch)), wanted))
}

for (const [offered, wanted, strict, matches] of [
  ['linux/amd64', 'linux/amd64', true, true],
  ['linux/386', 'linux/amd64', false, true],
  ['linux/386', 'linux/amd64', true, false],
  ['linux/amd64', 'linux/386', false, false],
  ['linux/amd64/v2', 'linux/amd64/v3', false, true],
  ['linux/amd64/v3', 'linux/amd64', false, false],
  ['linux/arm/v6', 'linux/arm/v7', false, true],
  ['linux/arm/v5', 'linux/arm/v7', false, true],
  ['linux/arm/v7', 'linux/arm/v6', false, false],
  ['linux/arm/v7', 'linux/arm64', false, true],
  ['linux/arm64', 'linux/arm/v7', false, false],
  ['linux/arm64/v8.5', 'linux/arm64/v9', false, true],
  ['linux/arm64/v8.6', 'linux/arm64/v9', false, false],
  ['linux/arm64/v8', 'linux/arm64', true, true],
  ['windows/amd64', 'linux/amd64', false, false],
  ['windows(10.0.17763.5)/amd64', 'windows(10.0.17763.9)/amd64', false, true],
  ['windows(10.0.17763.5)/amd64', 'windows(10.0.20348.9)/amd64', false, false],
] as const) {
  test(`platformMatches(): ${wanted} ${matches ? 'runs' : 'does not run'} ${offered}${strict ? ', strict' : ''}`, () =>
    assert.equal(platformMatches(parsePlatform(offered), parsePlatform(wanted), { strict }), matches))
}

function entry(n: number, platform: string | undefined, annotations?: Record<string, string>): Descriptor {
  const [os = '', architecture = '', variant] = platform?.split('/') ?? []
  return {
    mediaType: MediaType.ociManifest,
    digest: parseDigest(`sha256:${String(n).padStart(64, '0')}`),
    size: n,
    ...(platform !== undefined && { platform: { os, architecture, ...(variant !== undefined && { variant }) } }),
    ...(annotations && { annotations }),
  }
}

function chosen(platforms: readonly (string | undefined)[], wanted: string, strict = false): number | string | undefined {
  try {
    return selectPlatform(
      platforms.map((platform, i) => entry(i, platform)),
      parsePlatform(wanted),
      { strict },
    ).size
  } catch (error) {
    return codeOf(error)
  }
}

for (const [name, platforms, wanted, strict, result] of [
  ['exact before smaller', ['linux/386', 'linux/amd64'], 'linux/amd64', false, 1],
  ['first of equals', ['linux/arm64', 'linux/amd64', 'linux/amd64'], 'linux/amd64', false, 1],
  ['nearest variant', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64'], 'linux/arm/v7', false, 1],
  ['variant left out means v7', ['linux/arm/v6', 'linux/arm'], 'linux/arm/v7', false, 1],
  ['arm64 with v8 written out', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64', true, 1],
  ['strict takes nothing smaller', ['linux/386'], 'linux/amd64', true, 'PLATFORM_UNKNOWN'],
  ['attestations never fit', ['unknown/unknown', 'linux/arm64'], 'linux/amd64', false, 'PLATFORM_UNKNOWN'],
  ['a single one without a platform', ['unknown/unknown', undefined], 'linux/amd64', true, 1],
  ['two without a platform', [undefined, undefined], 'linux/amd64', false, 'PLATFORM_UNKNOWN'],
  ['an empty index', [], 'linux/amd64', false, 'PLATFORM_UNKNOWN'],
] as const) {
  test(`selectPlatform(): ${name}`, () => assert.equal(chosen(platforms, wanted, strict), result))
}

test('selectPlatform(): an attestation with a platform is no image', () => {
  const attestation = entry(1, 'linux/amd64', { 'vnd.docker.reference.type': 'attestation-manifest' })
  assert.equal(selectPlatform([attestation, entry(2, 'linux/amd64')], parsePlatform('linux/amd64')).size, 2)
})
