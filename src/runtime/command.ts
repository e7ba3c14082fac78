import type { View } from '../store/mod.ts'
import { RuntimeError } from './runtime-error.ts'

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The program that a command names, looked up in the image as execvp would; the runtime's own errors do not tell the two cases apart.
 * @throws RuntimeError COMMAND_NOT_FOUND (exit code 127), NOT_EXECUTABLE (126)
 */
export function resolveCommand(view: View, command: string, options: { readonly env: readonly string[]; readonly cwd: string }): string {
  if (command.includes('/')) {
    const path = command.startsWith('/') ? command : `${options.cwd}/${command}`
    const problem = problemOf(view, path)
    if (problem === 'missing') throw notFound(`${command} is not in the image`)
    if (problem !== undefined) throw new RuntimeError('NOT_EXECUTABLE', `${command} cannot be executed: it ${problem}`)
    return command
  }
  const path = options.env.find((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH
  let denied: string | undefined
  for (const directory of path.split(':')) {
    const candidate = `${directory === '' ? '.' : directory}/${command}`
    const problem = problemOf(view, candidate.startsWith('/') ? candidate : `${options.cwd}/${candidate}`)
    if (problem === undefined) return candidate
    if (problem !== 'missing') denied ??= `${candidate} cannot be executed: it ${problem}`
  }
  if (denied !== undefined) throw new RuntimeError('NOT_EXECUTABLE', denied)
  throw notFound(`${command} is in no directory of PATH (${path})`)
}

function problemOf(
  view: View,
  path: string,
): 'missing' | 'is a directory' | 'has no execute permission' | 'is no regular file' | undefined {
  const node = view.lookup(path)
  if (node === undefined) return 'missing'
  if (node.type === 'directory') return 'is a directory'
  if (node.type !== 'file') return 'is no regular file'
  return (node.mode & 0o111) === 0 ? 'has no execute permission' : undefined
}

function notFound(message: string): RuntimeError {
  return new RuntimeError('COMMAND_NOT_FOUND', `Command not found: ${message}`)
}
