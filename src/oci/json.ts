import { CodedError } from '../kit/mod.ts'

export class JsonError extends CodedError<'JSON_INVALID'> {}

/** Deeper documents are an attack, not an image. */
const MAX_DEPTH = 100

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Parses UTF-8 JSON whose outermost value is an object.
 * SECURITY: duplicate keys are refused: parsers differ in which one they keep, so two programs would see two documents with one digest.
 * @throws JsonError
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new JsonError('JSON_INVALID', 'It is not UTF-8 text', { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new JsonError('JSON_INVALID', `It is not JSON: it starts with ${JSON.stringify(text.slice(0, 40))}`, { cause })
  }
  if (!isObject(value)) throw new JsonError('JSON_INVALID', 'It is not a JSON object')
  checkNesting(text)
  return value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Walks text that is known to be JSON: bounded depth, no key twice in one object. */
function checkNesting(text: string): void {
  // One entry per open bracket: the keys seen, or undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        if (open.length >= MAX_DEPTH) throw new JsonError('JSON_INVALID', `It is nested deeper than ${MAX_DEPTH} levels`)
        isKey = text[at] === '{'
        open.push(isKey ? new Set() : undefined)
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        isKey = false
        break
      case 0x2c: // ,
        isKey = open.at(-1) !== undefined
        break
      case 0x22: {
        const end = endOfString(text, at)
        if (isKey) addKey(open.at(-1), text.slice(at, end + 1))
        isKey = false
        at = end
        break
      }
      default:
    }
  }
}

function addKey(keys: Set<string> | undefined, quoted: string): void {
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  if (keys?.has(key) === true)
    throw new JsonError('JSON_INVALID', `It has the key ${JSON.stringify(key.slice(0, 100))} twice in one object`)
  keys?.add(key)
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}
