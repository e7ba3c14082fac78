import type { VerifyFinding } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { ExitCode } from '../exit-code.ts'
import { LiveArea } from '../output/live-area.ts'

const definition: CommandDefinition = {
  configure: (command) => command.option('--json', 'print JSON: an array of {kind, id, problem, usedBy}'),

  async run(context, _args, options) {
    const store = await context.store()
    let progress = ''
    const findings: VerifyFinding[] = []
    const json = options['json'] === true
    using area = context.stderr.isTTY ? new LiveArea(context.stderr, () => (progress === '' ? [] : [progress])) : undefined
    let total = 0
    for await (const finding of store.verify({
      signal: context.signal,
      onProgress: (done, all) => {
        total = all
        progress = `Verifying ${done} of ${all}`
      },
    })) {
      findings.push(finding)
      if (json) continue
      const text = `${finding.kind} ${finding.id}: ${finding.problem}${finding.usedBy.length === 0 ? '' : ` (needed by ${finding.usedBy.join(', ')})`}\n`
      if (area === undefined) context.stdout.write(text)
      else area.print(text)
    }
    progress = ''
    if (json) context.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`)
    else if (findings.length === 0) context.stdout.write(`${total} items verified, no damage\n`)
    else
      context.stderr.write(
        `lamina: ${findings.length} of ${total} items are damaged\n  Pull or build the named images again: damaged content is replaced\n`,
      )
    return findings.length === 0 ? ExitCode.done : ExitCode.findings
  },
}

export default definition
