import type { Comment, Directive, Escape } from './ast.ts'
import type { Diagnostic } from './diagnostic.ts'
import { isSpace, skipSpaces, trim } from './_chars.ts'
import type { PhysicalLine, SourceLines } from './_lines.ts'

const NAMES: readonly Directive['name'][] = ['syntax', 'escape', 'check']

export interface Header {
  readonly directives: readonly Directive[]
  readonly comments: readonly Comment[]
  readonly diagnostics: readonly Diagnostic[]
  readonly escape: Escape
  /** Index of the first line after the header. */
  readonly next: number
}

/**
 * Parser directives: only before any comment, blank line or instruction. A first line `#!…` is passed over,
 * and `// syntax=…` and `{"syntax": …}` are known too, because they may choose a frontend.
 */
export function parseHeader(source: SourceLines): Header {
  const directives: Directive[] = []
  const comments: Comment[] = []
  const diagnostics: Diagnostic[] = []
  let escape: Escape = '\\'
  const json = jsonSyntax(source)
  if (json !== undefined) {
    return { directives: [json], comments, diagnostics: checkSyntax(json), escape, next: source.lines.length }
  }
  let next = 0
  if (source.lines[0]?.text.startsWith('#!') === true) {
    comments.push(commentOf(source, source.lines[0]))
    next++
  }
  const marker = source.lines[next]?.text.startsWith('//') === true ? '//' : '#'
  for (const line of source.lines.slice(next)) {
    const directive = parseDirective(source, line, marker)
    if (directive === undefined) break
    if (directives.some(({ name }) => name === directive.name)) {
      diagnostics.push(problem('DIRECTIVE_REPEATED', `The directive ${directive.name} is given twice`, directive))
    } else if (directive.name === 'syntax') diagnostics.push(...checkSyntax(directive))
    else if (directive.name === 'escape') {
      if (directive.value === '\\' || directive.value === '`') escape = directive.value
      else
        diagnostics.push(problem('DIRECTIVE_INVALID', `Invalid escape ${JSON.stringify(directive.value)}: it must be \\ or \``, directive))
    }
    directives.push(directive)
    next++
  }
  return { directives, comments, diagnostics, escape, next }
}

export function commentOf(source: SourceLines, line: PhysicalLine): Comment {
  const start = line.start + line.text.indexOf('#')
  return { text: trim(source.source.slice(start + 1, line.end)), range: source.range(start, line.end) }
}

function parseDirective(source: SourceLines, line: PhysicalLine, marker: string): Directive | undefined {
  const { text } = line
  const start = skipSpaces(text, 0)
  if (!text.startsWith(marker, start)) return undefined
  const nameStart = skipSpaces(text, start + marker.length)
  const written = /^[a-zA-Z][a-zA-Z0-9]*/.exec(text.slice(nameStart))?.[0] ?? ''
  const name = NAMES.find((known) => known === written.toLowerCase())
  if (name === undefined) return undefined
  const equals = skipSpaces(text, nameStart + written.length)
  if (text[equals] !== '=') return undefined
  const valueStart = skipSpaces(text, equals + 1)
  let valueEnd = text.length
  while (valueEnd > valueStart && isSpace(text[valueEnd - 1])) valueEnd--
  if (valueStart === valueEnd) return undefined
  return {
    name,
    value: text.slice(valueStart, valueEnd),
    range: source.range(line.start + start, line.end),
    valueRange: source.range(line.start + valueStart, line.start + valueEnd),
  }
}

function jsonSyntax(source: SourceLines): Directive | undefined {
  const text = source.source.replace(/^\uFEFF/, '')
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value = (JSON.parse(text) as { syntax?: unknown }).syntax
    if (typeof value !== 'string') return undefined
    const range = source.range(0, source.source.length)
    return { name: 'syntax', value, range, valueRange: range }
  } catch {
    return undefined
  }
}

/** Every docker/dockerfile frontend, of whatever version and from whatever mirror, is the one that is built in. */
const BUILT_IN = /^(?:[^/]*[.:][^/]*\/)?docker\/dockerfile[-\w]*(?:[:@].*)?$/

function checkSyntax(directive: Directive): Diagnostic[] {
  const [image = ''] = directive.value.split(' ')
  if (BUILT_IN.test(image)) return []
  return [
    {
      ...problem('SYNTAX_UNSUPPORTED', `Unsupported frontend ${JSON.stringify(image)}: only docker/dockerfile is built in`, directive),
      suggestion: 'Remove the syntax directive, or use docker/dockerfile:1.',
    },
  ]
}

function problem(code: Diagnostic['code'], message: string, { valueRange: range }: Directive): Diagnostic {
  return { severity: 'error', code, message, range }
}
