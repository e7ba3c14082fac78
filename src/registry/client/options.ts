/** What a registry is told about us: at most one of the three. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token, which a token server turns into access tokens. */
  | { readonly identityToken: string }
  /** A bearer token for the registry itself. */
  | { readonly registryToken: string }

export interface RegistryOptions {
  /** Talk http to a registry that is not on loopback. */
  readonly plainHttp?: boolean | undefined
  /** PEM text: certificate authorities to trust besides the system's. Makes a registry on loopback speak https too. */
  readonly ca?: string | undefined
  /** `host` is that of the reference: `docker.io`, `localhost:5000`. Asked only when the registry wants credentials. */
  readonly credentialsFor?: ((host: string) => Credentials | undefined | Promise<Credentials | undefined>) | undefined
  readonly userAgent?: string | undefined
  /** One line for people, before a wait. */
  readonly onRetry?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly retries?: RetrySettings | undefined
}

export interface RetrySettings {
  /** Tries in all. Default 5; a download that goes on gets as many again after each MiB. */
  readonly attempts?: number
  /** Milliseconds before the second try; doubled each time, ± a quarter. Default 500. */
  readonly firstDelay?: number
}
