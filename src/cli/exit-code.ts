/** What the program ends with (docs/exit-codes.md). `run` has docker's own: 125 ours, 126 and 127 the command's, else the container's. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  findings: 3,
  bug: 70,
  interrupted: 130,
  run: 125,
  notExecutable: 126,
  notFound: 127,
} as const

/** A command that has said all there is to say ends with this. */
export class Exit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}
