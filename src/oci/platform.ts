import { CodedError } from '../kit/mod.ts'
import type { Descriptor } from './descriptor.ts'

/** What an image runs on: image-spec image-index.md, "platform". */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
}

/** PLATFORM_INVALID: not of the form os/architecture. PLATFORM_UNKNOWN: an image index has nothing that fits. */
export class PlatformError extends CodedError<'PLATFORM_INVALID' | 'PLATFORM_UNKNOWN'> {}

const ARCHITECTURES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  i386: ['386'],
  i686: ['386'],
  x86: ['386'],
  ia32: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  ppc64el: ['ppc64le'],
  loongarch64: ['loong64'],
}

const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
)

const SYSTEMS: Readonly<Record<string, string>> = { macos: 'darwin', win32: 'windows' }

/**
 * Parses `os/architecture[/variant]`, `os(version)/architecture`, or an architecture alone (then the os is linux), and normalises it.
 * @throws PlatformError PLATFORM_INVALID
 */
export function parsePlatform(text: string): Platform {
  const parts = text.trim().toLowerCase().split('/')
  const [, system, version] = /^([a-z0-9_.-]+)(?:\(([a-z0-9_.-]*)\))?$/.exec(parts[0] ?? '') ?? []
  const broken =
    system === undefined || parts.length > 3 || parts.slice(1).some((part) => !/^[a-z0-9_.-]+$/.test(part))
      ? 'it must be os/architecture or os/architecture/variant'
      : parts.length === 1 && !isArchitecture(system)
        ? 'it names no architecture'
        : undefined
  if (system === undefined || broken !== undefined) {
    throw new PlatformError('PLATFORM_INVALID', `Invalid platform ${JSON.stringify(text.slice(0, 100))}: ${broken}`, {
      hint: 'Write for example linux/amd64 or linux/arm/v7.',
    })
  }
  const [os, architecture = '', variant] = parts.length === 1 ? ['linux', system] : [system, parts[1], parts[2]]
  return normalizePlatform({
    os,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
  })
}

/** One spelling for each platform: `x86_64` is amd64, arm64/v8 is arm64, arm alone is arm/v7, amd64/v1 is amd64. */
export function normalizePlatform(platform: Platform): Platform {
  const system = platform.os.toLowerCase()
  const given = platform.architecture.toLowerCase()
  const [architecture, implied] = (Object.hasOwn(ARCHITECTURES, given) ? ARCHITECTURES[given] : undefined) ?? [given]
  const variant = normalizeVariant(architecture, platform.variant?.toLowerCase() || implied)
  const version = platform['os.version']
  const features = platform['os.features']
  return {
    os: (Object.hasOwn(SYSTEMS, system) ? SYSTEMS[system] : undefined) ?? system,
    architecture,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && version !== '' && { 'os.version': version }),
    ...(features && { 'os.features': features }),
  }
}

function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  if (architecture !== 'amd64' && architecture !== 'arm' && architecture !== 'arm64') return variant
  const numbered = variant !== undefined && /^[0-9]/.test(variant) ? `v${variant}` : variant
  const name = numbered?.replace(/\.0$/, '')
  if (architecture === 'arm') return name ?? 'v7'
  return name === (architecture === 'amd64' ? 'v1' : 'v8') ? undefined : name
}

/** `linux/arm/v7`, `windows(10.0.17763)/amd64`. */
export function formatPlatform(platform: Platform): string {
  const version = platform['os.version']
  const os = version === undefined ? platform.os : `${platform.os}(${version})`
  return [os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])].join('/')
}

/** The platform of the images that a machine runs, from Node's `process.platform` and `process.arch`. On macOS and Windows that is Linux in a virtual machine. */
export function hostPlatform(platform: string, architecture: string): Platform {
  // Node says ppc64 for both byte orders and runs on the little one only.
  const name = architecture === 'ppc64' ? 'ppc64le' : architecture === 'mipsel' ? 'mipsle' : architecture
  return normalizePlatform({ os: platform === 'freebsd' ? 'freebsd' : 'linux', architecture: name })
}

export interface MatchOptions {
  /** Only the platform itself, no older or smaller one that its machines run too. */
  readonly strict?: boolean
}

/** True when a machine of platform `wanted` runs what was made for `offered`. */
export function platformMatches(offered: Platform, wanted: Platform, options: MatchOptions = {}): boolean {
  return rank(offered, wanted, options) !== undefined
}

/**
 * The best descriptor for a platform: its own variant first, then the next older ones, then the smaller architecture; of equals the first in index order.
 * Attestations (platform unknown/unknown) never fit. A single descriptor without a platform fits when nothing else does.
 * @throws PlatformError PLATFORM_UNKNOWN listing what there is
 */
export function selectPlatform(descriptors: readonly Descriptor[], wanted: Platform, options: MatchOptions = {}): Descriptor {
  const images = descriptors.filter(
    (item) => item.platform?.os !== 'unknown' && item.annotations?.['vnd.docker.reference.type'] === undefined,
  )
  let best: Descriptor | undefined
  let bestRank = Infinity
  for (const item of images) {
    const found = item.platform === undefined ? undefined : rank(item.platform, wanted, options)
    if (found !== undefined && found < bestRank) {
      best = item
      bestRank = found
    }
  }
  const plain = images.filter((item) => item.platform === undefined || item.platform.os === '')
  best ??= plain.length === 1 ? plain[0] : undefined
  if (best !== undefined) return best
  const there = [
    ...new Set(images.map((item) => (item.platform === undefined ? 'no platform' : formatPlatform(normalizePlatform(item.platform))))),
  ]
  throw new PlatformError(
    'PLATFORM_UNKNOWN',
    `No image for ${formatPlatform(normalizePlatform(wanted))}, there is ${there.join(', ') || 'nothing'}`,
    {
      hint: 'Choose one of these with --platform.',
    },
  )
}

/** How far `offered` is from `wanted`, 0 for the same; undefined when it does not run there. */
function rank(offered: Platform, wanted: Platform, { strict = false }: MatchOptions): number | undefined {
  const have = normalizePlatform(offered)
  const want = normalizePlatform(wanted)
  if (have.os !== want.os || !versionFits(have['os.version'], want['os.version'], want.os)) return undefined
  const key = `${have.architecture}/${have.variant ?? ''}`
  const at = (strict ? compatible(want).slice(0, 1) : compatible(want)).indexOf(key)
  if (at < 0) return undefined
  // Among equals a Windows image of exactly the wanted version goes first.
  return at * 2 + (have['os.version'] === want['os.version'] ? 0 : 1)
}

/** Windows containers share the kernel: the first three numbers, the build, must agree. */
function versionFits(have: string | undefined, want: string | undefined, os: string): boolean {
  if (os !== 'windows' || have === undefined || want === undefined) return true
  return have.split('.', 3).join('.') === want.split('.', 3).join('.')
}

/** `architecture/variant` of everything that a machine of a normalised platform runs, best first. */
function compatible({ architecture, variant }: Platform): readonly string[] {
  const [major, minor] =
    /^v(\d{1,2})(?:\.(\d{1,2}))?$/
      .exec(variant ?? '')
      ?.slice(1)
      .map((text) => Number(text ?? 0)) ?? []
  const own = `${architecture}/${variant ?? ''}`
  switch (architecture) {
    case 'amd64':
      return [
        ...downTo(major ?? 1, 2).map((n) => `amd64/v${n}`),
        ...(variant === undefined || major !== undefined ? ['amd64/'] : [own]),
        '386/',
      ]
    case 'arm':
      return major === undefined ? [own] : downTo(major, Math.min(major, 5)).map((n) => `arm/v${n}`)
    case 'arm64': {
      const arm = ['arm/v8', 'arm/v7', 'arm/v6', 'arm/v5']
      if (variant !== undefined && major === undefined) return [own, 'arm64/', ...arm]
      const nine = major === 9 ? downTo(minor ?? 0, 0).map((n) => armVariant(9, n)) : []
      // Armv9.x includes Armv8.(x+5).
      return [...nine, ...downTo(major === 9 ? (minor ?? 0) + 5 : (minor ?? 0), 0).map((n) => armVariant(8, n)), ...arm]
    }
    default:
      return [own]
  }
}

function armVariant(major: number, minor: number): string {
  if (minor === 0) return major === 8 ? 'arm64/' : `arm64/v${major}`
  return `arm64/v${major}.${minor}`
}

function downTo(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i)
}

function isArchitecture(text: string): boolean {
  return KNOWN_ARCHITECTURES.has(text) || Object.hasOwn(ARCHITECTURES, text)
}
