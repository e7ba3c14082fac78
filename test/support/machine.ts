import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { execute, type Sandbox } from './lamina.ts'

const CACHE = join(import.meta.dirname, '../../.cache')

export const isRoot = process.getuid?.() === 0

/** The program's path, or undefined. Debian's docker is asked for by its full path: another one may be first on PATH. */
export function find(program: string): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return program.startsWith('/')
    ? existsSync(program)
      ? program
      : undefined
    : places.map((place) => join(place, program)).find((path) => existsSync(path))
}

/** Skips the test, with the reason, unless all is there. Returns false when it was skipped. */
export function needs(t: TestContext, what: { readonly root?: boolean; readonly programs?: readonly string[] }): boolean {
  if (what.root === true && !isRoot) return skip(t, 'needs root (mounts, owners of files)')
  const missing = (what.programs ?? []).filter((program) => find(program) === undefined)
  return missing.length === 0 || skip(t, `needs ${missing.join(', ')}`)
}

function skip(t: TestContext, reason: string): false {
  t.skip(reason)
  return false
}

/** A tar of Debian's busybox-static with links for the applets that tests use. Made once, kept in .cache/. */
export async function busyboxTar(): Promise<string> {
  return cached('busybox.tar', async (file) => {
    const busybox = find('busybox') as string
    const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')
    const script = `set -e; d=$(mktemp -d); chmod 755 "$d"; trap 'rm -rf "$d"' EXIT; mkdir -p "$d/bin" "$d/etc" "$d/tmp" "$d/root"; chmod 1777 "$d/tmp"
      cp ${busybox} "$d/bin/busybox"; for a in ${applets.filter((applet) => applet !== 'busybox').join(' ')}; do ln -sf busybox "$d/bin/$a"; done
      printf 'root:x:0:0:root:/root:/bin/sh\\nbob:x:1000:1000::/home/bob:/bin/sh\\n' > "$d/etc/passwd"; printf 'root:x:0:\\nbob:x:1000:\\nstaff:x:50:bob\\n' > "$d/etc/group"
      tar -C "$d" --owner=0 --group=0 --sort=name --mtime=@0 -cf ${file} .`
    execFileSync('sh', ['-c', script])
  })
}

/** A tar of a minimal Debian (debootstrap minbase, about half a minute). Made once, kept in .cache/. */
export async function debianTar(): Promise<string> {
  return cached('debian-bookworm.tar', async (file) => {
    const path = `${process.env['PATH']}:/usr/sbin:/sbin`
    const { code, stdout, stderr } = await execute('debootstrap', ['--variant=minbase', 'bookworm', `${file}.d`], {
      env: { PATH: path },
      timeout: 600_000,
    })
    if (code !== 0) throw new Error(`debootstrap ended with ${code}\n${stdout.slice(-2000)}\n${stderr}`)
    execFileSync('sh', [
      '-c',
      `rm -rf ${file}.d/var/cache/apt/archives/*.deb; tar -C ${file}.d --numeric-owner -cf ${file} . && rm -rf ${file}.d`,
    ])
  })
}

/** Two test processes may want the same file: each makes its own, the last rename wins. */
async function cached(name: string, make: (file: string) => Promise<void>): Promise<string> {
  const file = join(CACHE, name)
  if (existsSync(file)) return file
  await mkdir(CACHE, { recursive: true })
  const temporary = `${file}.${process.pid}`
  try {
    await make(temporary)
    await rename(temporary, file)
  } finally {
    await rm(`${temporary}.d`, { recursive: true, force: true })
    await rm(temporary, { force: true })
  }
  return file
}

/** A dockerd of our own on its own root and socket, ended with the test; gives a function that runs Debian's docker client on it. */
export async function privateDocker(box: Sandbox): Promise<(...args: string[]) => Promise<string>> {
  const directory = join(box.path, 'docker')
  await mkdir(directory, { recursive: true })
  const socket = `unix://${directory}/docker.sock`
  const args = [
    '--data-root',
    `${directory}/data`,
    '--exec-root',
    `${directory}/exec`,
    '-H',
    socket,
    '-p',
    `${directory}/docker.pid`,
    '--iptables=false',
    '--bridge=none',
    '--storage-driver=overlay2',
  ]
  const daemon = spawn(find('dockerd') as string, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  box.defer(async () => {
    if (daemon.exitCode === null && daemon.kill('SIGTERM')) await new Promise((resolve) => daemon.on('close', resolve))
    // It leaves its own network namespace mounted.
    await execute('umount', ['-l', `${directory}/exec/netns/default`])
    await rm(directory, { recursive: true, force: true })
  })
  const docker = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await execute('/usr/bin/docker', ['-H', socket, ...words], {
      env: { DOCKER_BUILDKIT: '1' },
      timeout: 300_000,
    })
    if (code !== 0) throw new Error(`docker ${words.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
    return stdout.trim()
  }
  for (let i = 0; i < 100; i++) {
    if (
      await docker('version')
        .then(() => true)
        .catch(() => false)
    )
      return docker
    if (daemon.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`dockerd did not start:\n${said}`)
}
