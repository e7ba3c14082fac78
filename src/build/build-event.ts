/** What a build tells while it goes on; a renderer makes `#N` lines or live bars of it. Every id is started once, and ends by done, failed or canceled. */
export type BuildEvent =
  | { readonly kind: 'started'; readonly id: number; readonly name: string }
  | { readonly kind: 'output'; readonly id: number; readonly fd: 1 | 2; readonly bytes: Uint8Array }
  | { readonly kind: 'status'; readonly id: number; readonly text: string }
  | { readonly kind: 'done'; readonly id: number; readonly cached: boolean; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'canceled'; readonly id: number }
  | { readonly kind: 'warning'; readonly text: string }
