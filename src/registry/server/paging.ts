import { RegistryError } from './wire-errors.ts'

export interface Page {
  /** At most this many. */
  readonly limit: number
  /** Only names after this one, in byte order; it need not exist. */
  readonly after: string
}

/** @throws RegistryError PAGE_INVALID */
export function parsePage(query: URLSearchParams, limits: { readonly default: number; readonly max: number }): Page {
  const n = query.get('n')
  // SECURITY: CVE-2023-2253, a huge n must not allocate.
  if (n !== null && !/^\d{1,15}$/.test(n)) {
    throw new RegistryError('PAGE_INVALID', `Invalid n ${JSON.stringify(n.slice(0, 40))}: it must be a whole number, 0 or more`)
  }
  return { limit: n === null ? limits.default : Math.min(Number(n), limits.max), after: query.get('last') ?? '' }
}

/** The Link header to the page after `last`. Everything in it is percent-encoded, so nothing can break out. */
export function nextLink(path: string, parameters: Readonly<Record<string, string>>): { readonly link: string } {
  return { link: `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"` }
}
