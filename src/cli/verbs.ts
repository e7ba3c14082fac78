import type { CommandDefinition } from './command.ts'

export interface Verb {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly load: () => Promise<{ readonly default: CommandDefinition }>
}

/** All verbs in the order of `lamina --help`. Summaries live here so that help loads no command. */
export const VERBS: readonly Verb[] = [
  { name: 'build', summary: 'Build an image from a Dockerfile', load: () => import('./commands/build.ts') },
  { name: 'run', summary: 'Run a command in a new container', load: () => import('./commands/run.ts') },
  { name: 'images', summary: 'List images', load: () => import('./commands/images.ts') },
  { name: 'history', summary: 'Show how an image was made, layer by layer', load: () => import('./commands/history.ts') },
  { name: 'inspect', summary: 'Show everything known about images, as JSON', load: () => import('./commands/inspect.ts') },
  { name: 'tag', summary: 'Give an image another name', load: () => import('./commands/tag.ts') },
  { name: 'rmi', summary: 'Remove names of images, and images that have none left', load: () => import('./commands/rmi.ts') },
  { name: 'import', summary: 'Make an image of a root filesystem in a tar', load: () => import('./commands/import.ts') },
  { name: 'pull', summary: 'Fetch an image from a registry', load: () => import('./commands/pull.ts') },
  { name: 'push', summary: 'Send an image to a registry', load: () => import('./commands/push.ts') },
  { name: 'save', summary: 'Write images to an archive that docker, skopeo and lamina read', load: () => import('./commands/save.ts') },
  { name: 'load', summary: 'Read images from an archive', load: () => import('./commands/load.ts') },
  { name: 'serve', summary: 'Serve an OCI registry', load: () => import('./commands/serve.ts') },
  { name: 'gc', summary: 'Free what nothing needs any more', load: () => import('./commands/gc.ts') },
  { name: 'verify', summary: 'Re-read the whole store and name all damage', load: () => import('./commands/verify.ts') },
  { name: 'info', summary: 'Show the store, the machine and what works here', load: () => import('./commands/info.ts') },
]
