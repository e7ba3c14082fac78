import type { View } from '../store/mod.ts'
import type { ContainerUser } from './container.ts'
import { RuntimeError } from './runtime-error.ts'

export interface ResolvedUser extends ContainerUser {
  /** From passwd; `/` for a number that it does not know. */
  readonly home: string
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/**
 * `user[:group]`, names or numbers, by the image's own passwd and group. A number alone has the group that passwd gives it, else 0.
 * Supplementary groups come from the group file unless a group is given; the primary one is always among them (CVE-2023-25173).
 * @throws RuntimeError USER_UNKNOWN for a name that the files do not have
 */
export function resolveUser(view: View, text: string): ResolvedUser {
  const [userText = '', groupText] = text.split(':')
  const passwd = parsePasswd(view.readText('/etc/passwd') ?? '')
  const groups = parseGroups(view.readText('/etc/group') ?? '')
  const wanted = userText === '' ? '0' : userText
  const entry = passwd.find(({ name }) => name === wanted) ?? passwd.find(({ uid }) => String(uid) === wanted)
  const uid = entry?.uid ?? numeric(wanted)
  if (uid === undefined) {
    throw new RuntimeError('USER_UNKNOWN', `The image has no user ${JSON.stringify(wanted)} in /etc/passwd`, {
      hint: 'Use a number, or create the user in the image first',
    })
  }
  const home = entry?.home ?? '/'
  if (groupText !== undefined && groupText !== '') {
    const gid = groups.find(({ name }) => name === groupText)?.gid ?? numeric(groupText)
    if (gid === undefined) {
      throw new RuntimeError('USER_UNKNOWN', `The image has no group ${JSON.stringify(groupText)} in /etc/group`, {
        hint: 'Use a number, or create the group in the image first',
      })
    }
    return { uid, gid, additionalGids: [gid], home }
  }
  const gid = entry?.gid ?? 0
  const supplementary = entry === undefined ? [] : groups.filter(({ members }) => members.includes(entry.name)).map((group) => group.gid)
  return { uid, gid, additionalGids: [...new Set([gid, ...supplementary])], home }
}

function numeric(text: string): number | undefined {
  const value = Number(text)
  return /^\d+$/.test(text) && value <= 0xfffffffe ? value : undefined
}

function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap(([name, , uid, gid, , home]) =>
    name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid), home: home || '/' }] : [],
  )
}

function parseGroups(text: string): GroupEntry[] {
  return lines(text).flatMap(([name, , gid, members]) =>
    name && gid ? [{ name, gid: Number(gid), members: (members ?? '').split(',') }] : [],
  )
}

function lines(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}
