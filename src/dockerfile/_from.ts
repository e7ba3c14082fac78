import type { FromInstruction, InvalidInstruction } from './ast.ts'
import { readFlags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid, wordAt } from './_head.ts'
import type { Head } from './_head.ts'
import { splitBlanks } from './_words.ts'

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/

export function parseFrom(head: Head): FromInstruction | InvalidInstruction {
  const flags = readFlags(head, { platform: 'text' })
  const [image, as, alias, ...extra] = splitBlanks(head.line.text, head.start, head.end).map((span) => wordAt(head.line, span))
  if (image === undefined) return failMissing(head, 'an image')
  const members = { kind: 'from' as const, ...baseOf(head), image, platform: flags.text('platform') }
  if (as === undefined) return { ...members, alias: undefined }
  if (as.text.toLowerCase() !== 'as') {
    fail(head, 'ARGUMENT_EXTRA', `FROM takes an image and AS name, got ${JSON.stringify(as.text)}`, as.range, 'Write FROM image AS name.')
    return invalid(head)
  }
  if (alias === undefined) {
    fail(head, 'ARGUMENT_MISSING', 'FROM has no stage name after AS', as.range, 'Write FROM image AS name.')
    return invalid(head)
  }
  const [unexpected] = extra
  if (unexpected !== undefined) {
    fail(head, 'ARGUMENT_EXTRA', `FROM takes nothing after the stage name, got ${JSON.stringify(unexpected.text)}`, unexpected.range)
    return invalid(head)
  }
  if (!STAGE_NAME.test(alias.text.toLowerCase())) {
    const hint = 'A stage name starts with a letter and goes on with letters, digits, "-", "_" and ".".'
    fail(head, 'NAME_INVALID', `Invalid stage name ${JSON.stringify(alias.text)}`, alias.range, hint)
    return invalid(head)
  }
  return { ...members, alias }
}
