import { DockerfileError } from './errors.ts'

/** A user or group as written: a number, or a name to look up in the image's /etc/passwd or /etc/group. */
export type Principal = { readonly kind: 'id'; readonly id: number } | { readonly kind: 'name'; readonly name: string }

/** `group` undefined: of a user by name its primary group, of a user by number see `parseChown` and `parseUser`. */
export interface Ownership {
  readonly user: Principal
  readonly group: Principal | undefined
}

/**
 * `--chown=user[:group]`, already expanded. A user given by number alone has the group of the same number.
 * @throws DockerfileError CHOWN_INVALID
 */
export function parseChown(text: string): Ownership {
  const { user, group } = parseOwnership(text, 'chown')
  return { user, group: group ?? (user.kind === 'id' ? user : undefined) }
}

/**
 * `USER user[:group]`, already expanded. Without a group: of a number, the primary group of the passwd entry that has it, else 0.
 * @throws DockerfileError CHOWN_INVALID
 */
export function parseUser(text: string): Ownership {
  return parseOwnership(text, 'user')
}

function parseOwnership(text: string, what: string): Ownership {
  const colon = text.indexOf(':')
  const user = colon < 0 ? text : text.slice(0, colon)
  const group = colon < 0 ? '' : text.slice(colon + 1)
  if (user === '' || group.includes(':')) {
    throw new DockerfileError('CHOWN_INVALID', `Invalid ${what} ${JSON.stringify(text)}: it must be user or user:group`)
  }
  return { user: principal(user), group: group === '' ? undefined : principal(group) }
}

function principal(text: string): Principal {
  if (!/^\d+$/.test(text)) return { kind: 'name', name: text }
  const id = Number(text)
  if (id >= 2 ** 32 - 1) throw new DockerfileError('CHOWN_INVALID', `Invalid id ${text}: it must be below ${2 ** 32 - 1}`)
  return { kind: 'id', id }
}
