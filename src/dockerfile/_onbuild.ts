import type { Comment, Instruction, InvalidInstruction, OnbuildInstruction } from './ast.ts'
import { readFlags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid } from './_head.ts'
import type { Head, LineContext } from './_head.ts'

const FORBIDDEN: readonly string[] = ['ONBUILD', 'FROM', 'MAINTAINER']

type Parse = (context: LineContext, from: number, docs: readonly Comment[]) => Instruction

export function parseOnbuild(head: Head, parseInstruction: Parse): OnbuildInstruction | InvalidInstruction {
  readFlags(head)
  if (head.start === head.end) return failMissing(head, 'an instruction')
  const instruction = parseInstruction(head, head.start, [])
  const name = instruction.keyword.text.toUpperCase()
  if (FORBIDDEN.includes(name)) {
    fail(head, 'INSTRUCTION_INVALID', `${name} is not allowed under ONBUILD`, instruction.keyword.range)
    return invalid(head, instruction.heredocs)
  }
  if (instruction.kind === 'invalid') return invalid(head, instruction.heredocs)
  const line = head.line.text.slice(head.start, head.end)
  const trigger = line + instruction.heredocs.map(({ body, name: word }) => `\n${body}${word}`).join('')
  return { kind: 'onbuild', ...baseOf(head, instruction.heredocs), trigger, instruction }
}
