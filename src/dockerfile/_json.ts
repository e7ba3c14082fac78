import type { Span } from './_words.ts'

export type JsonArray =
  | { readonly kind: 'strings'; readonly items: readonly (Span & { readonly text: string })[] }
  /** Valid JSON, but with something that is no string in it. */
  | { readonly kind: 'mixed' }

/** text[start, end) as a JSON array of strings with the place of each, or undefined when it is no JSON array: then it is shell form. */
export function parseJsonArray(text: string, start: number, end: number): JsonArray | undefined {
  if (text[start] !== '[' || text[end - 1] !== ']') return undefined
  let array: unknown
  try {
    array = JSON.parse(text.slice(start, end))
  } catch {
    return undefined
  }
  if (!Array.isArray(array)) return undefined
  const items: (Span & { text: string })[] = []
  let index = start
  for (const item of array as unknown[]) {
    if (typeof item !== 'string') return { kind: 'mixed' }
    const itemStart = text.indexOf('"', index)
    index = skipString(text, itemStart)
    items.push({ start: itemStart, end: index, text: item.toWellFormed() })
  }
  return { kind: 'strings', items }
}

function skipString(text: string, start: number): number {
  let index = start + 1
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index + 1
}

/** Looks as if a JSON array was meant: `['a']`, `["a" "b"]`. A shell's test has a blank after the bracket. */
export function looksLikeJson(text: string): boolean {
  return /^\[['"“”]/.test(text) && text.endsWith(']')
}
