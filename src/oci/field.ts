import { isObject, type JsonObject } from './json.ts'

/** Says what is wrong with a member of a document; the caller gives it its type of error. */
export type Complain = (problem: string, cause?: unknown) => Error

/** Reads typed members of parsed JSON; null counts as absent, as Go's writers leave it. */
export function stringOf(object: JsonObject, key: string, complain: Complain): string | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw complain(`${key} must be a string`)
}

export function numberOf(object: JsonObject, key: string, complain: Complain): number | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || typeof value === 'number') return value
  throw complain(`${key} must be a number`)
}

export function booleanOf(object: JsonObject, key: string, complain: Complain): boolean | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || typeof value === 'boolean') return value
  throw complain(`${key} must be true or false`)
}

export function objectOf(object: JsonObject, key: string, complain: Complain): JsonObject | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || isObject(value)) return value
  throw complain(`${key} must be an object`)
}

export function listOf(object: JsonObject, key: string, complain: Complain): readonly unknown[] | undefined {
  const value = object[key] ?? undefined
  if (value === undefined || Array.isArray(value)) return value
  throw complain(`${key} must be an array`)
}

export function stringsOf(object: JsonObject, key: string, complain: Complain): readonly string[] | undefined {
  const list = listOf(object, key, complain)
  if (list === undefined || list.every((item) => typeof item === 'string')) return list
  throw complain(`${key} must be an array of strings`)
}

export function stringMapOf(object: JsonObject, key: string, complain: Complain): Readonly<Record<string, string>> | undefined {
  const map = objectOf(object, key, complain)
  if (map === undefined || Object.values(map).every((item) => typeof item === 'string'))
    return map as Readonly<Record<string, string>> | undefined
  throw complain(`${key} must be an object whose values are strings`)
}
