import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'

export interface PrivateDocker extends AsyncDisposable {
  /** Prefix of a command line of Debian's docker client. */
  readonly client: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** A dockerd on its own root and socket, or undefined where Debian's docker is not installed. */
export async function privateDocker(directory: string): Promise<PrivateDocker | undefined> {
  if (!existsSync('/usr/sbin/dockerd') || !existsSync('/usr/bin/docker') || process.getuid?.() !== 0) return undefined
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
    `${directory}/pid`,
    '--iptables=false',
    '--bridge=none',
    '--storage-driver=overlay2',
  ]
  const daemon = spawn('/usr/sbin/dockerd', args, { stdio: 'ignore' })
  const client = ['/usr/bin/docker', '-H', socket]
  for (let i = 0; ; i++) {
    try {
      execFileSync(client[0] as string, [...client.slice(1), 'version'], { stdio: 'ignore' })
      break
    } catch (error) {
      if (i > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  return {
    client,
    env: { DOCKER_BUILDKIT: '1' },
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM')
      await new Promise((resolve) => daemon.on('close', resolve))
      await rm(directory, { recursive: true, force: true })
    },
  }
}
