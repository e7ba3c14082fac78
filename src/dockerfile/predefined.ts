import { formatPlatform, normalizePlatform } from '../oci/mod.ts'
import type { Platform } from '../oci/mod.ts'

/** Given to RUN without an ARG when passed by --build-arg; kept out of cache keys, history and config unless declared. */
export const PROXY_ARGUMENTS: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY']

/** Build arguments that mean something to a builder rather than to the Dockerfile: nobody needs to declare them. */
export const BUILDER_ARGUMENTS: readonly string[] = [
  'SOURCE_DATE_EPOCH',
  'BUILDKIT_BUILD_NAME',
  'BUILDKIT_CACHE_MOUNT_NS',
  'BUILDKIT_CONTEXT_KEEP_GIT_DIR',
  'BUILDKIT_DOCKERFILE_CHECK',
  'BUILDKIT_INLINE_CACHE',
  'BUILDKIT_MULTI_PLATFORM',
  'BUILDKIT_SANDBOX_HOSTNAME',
  'BUILDKIT_SBOM_SCAN_CONTEXT',
  'BUILDKIT_SBOM_SCAN_STAGE',
  'BUILDKIT_SYNTAX',
]

/** What FROM and --target see without a declaration, and a stage after `ARG NAME`. Build arguments of the same name win. */
export function platformArguments(options: {
  readonly build: Platform
  readonly target: Platform
  /** Name of the stage that is built; undefined: it has none. */
  readonly targetStage: string | undefined
}): Record<string, string> {
  return {
    ...describe('BUILD', options.build),
    ...describe('TARGET', options.target),
    TARGETSTAGE: options.targetStage ?? 'default',
  }
}

function describe(prefix: string, platform: Platform): Record<string, string> {
  const normal = normalizePlatform(platform)
  return {
    [`${prefix}PLATFORM`]: formatPlatform(normal),
    [`${prefix}OS`]: normal.os,
    [`${prefix}OSVERSION`]: normal['os.version'] ?? '',
    [`${prefix}ARCH`]: normal.architecture,
    [`${prefix}VARIANT`]: normal.variant ?? '',
  }
}

/** The proxy variables for a RUN, each in both cases, from the build arguments in either case. */
export function proxyEnvironment(buildArgs: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(buildArgs)) {
    const upper = name.toUpperCase()
    if (!PROXY_ARGUMENTS.includes(upper)) continue
    environment[upper] = value
    environment[upper.toLowerCase()] = value
  }
  return environment
}

/** True for a build argument that needs no ARG. */
export function isPredefined(name: string): boolean {
  return (
    PROXY_ARGUMENTS.includes(name.toUpperCase()) ||
    BUILDER_ARGUMENTS.includes(name) ||
    /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$|^TARGETSTAGE$/.test(name)
  )
}
