/** A shell word: what is inside single quotes is taken as it is. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** A value inside overlay's mount options, where `,` `:` and `\` separate. */
export function escapeMountOption(value: string): string {
  return value.replaceAll(/[\\,:]/g, (character) => `\\${character}`)
}

export interface OverlayMount {
  /** Where the lower names are relative to: mount options must fit in one page. */
  readonly cwd: string
  /** Topmost first. */
  readonly lower: readonly string[]
  readonly upper: string
  readonly work: string
  readonly target: string
  /** Nothing of the upper need survive a crash. */
  readonly volatile: boolean
}

/**
 * A command line that mounts the overlay in private mount and pid namespaces and becomes `command` there. Whatever ends it, SIGKILL of us included,
 * ends all processes in it and its mounts with them. Node itself never mounts or unshares: that would move its main thread only.
 */
export function inPrivateNamespace(mount: OverlayMount, command: readonly string[]): readonly [file: string, ...args: string[]] {
  const options = [
    `lowerdir=${mount.lower.map(escapeMountOption).join(':')}`,
    `upperdir=${escapeMountOption(mount.upper)}`,
    `workdir=${escapeMountOption(mount.work)}`,
    // An upper with redirects or without data could not become a layer.
    'redirect_dir=off,metacopy=off,index=off',
    ...(mount.volatile ? ['volatile'] : []),
  ].join(',')
  const script = [
    `cd ${shellQuote(mount.cwd)}`,
    `LIBMOUNT_FORCE_MOUNT2=always mount -i -t overlay overlay -o ${shellQuote(options)} ${shellQuote(mount.target)}`,
    `cd /`,
    `exec ${command.map(shellQuote).join(' ')}`,
  ].join(' && ')
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
  ]
}
