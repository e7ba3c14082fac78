/** What of a layer depends on those below it; a layer that needs nothing is the same directory wherever it is used. Paths relative to the root. */
export interface Needs {
  /** Directories that the tar implies by what is in them, without entries of their own: they have the attributes of those below. '' is the root. */
  readonly implied: readonly string[]
  /** Markers that hide something below; where nothing is there, the marker itself would show. */
  readonly whiteouts: readonly string[]
  /** Hard links to files that only layers below have. */
  readonly links: readonly string[]
}
