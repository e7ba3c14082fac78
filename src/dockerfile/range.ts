/** A place in the source. `offset` counts UTF-16 code units from the start of the text as given, a byte order mark included. */
export interface Position {
  /** From 1. */
  readonly line: number
  /** From 0, in UTF-16 code units. */
  readonly column: number
  readonly offset: number
}

/** `source.slice(start.offset, end.offset)`: the end is exclusive. */
export interface Range {
  readonly start: Position
  readonly end: Position
}
