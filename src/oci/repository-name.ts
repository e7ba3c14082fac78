/** The longest repository name that clients and registries agree on, without the host. */
const MAX_NAME_LENGTH = 255

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** distribution-spec, "Pulling manifests": `<name>` of the routes, such as `library/alpine`. */
export function isRepositoryName(text: string): boolean {
  return repositoryNameProblem(text) === undefined
}

/** distribution-spec, "Pulling manifests": 128 characters at most, case-sensitive. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}

export interface NameProblem {
  /** What is wrong, to follow a colon. */
  readonly rule: string
  /** What to do, as a sentence. */
  readonly hint: string
}

/** The rule that a repository name breaks, or undefined. */
export function repositoryNameProblem(text: string): NameProblem | undefined {
  if (text === '') return { rule: 'the repository name is empty', hint: 'Write a name such as alpine or team/web.' }
  if (text.length > MAX_NAME_LENGTH) {
    return {
      rule: `the repository name has ${text.length} characters, at most ${MAX_NAME_LENGTH} are allowed`,
      hint: 'Choose a shorter name; a name without a user on Docker Hub counts 8 more, for library/.',
    }
  }
  for (const component of text.split('/')) {
    if (COMPONENT.test(component)) continue
    if (component === '') return { rule: 'a part of the path is empty', hint: 'Use single slashes, none at the start or the end.' }
    if (COMPONENT.test(component.toLowerCase())) {
      return { rule: 'the repository name must be lowercase', hint: `Write ${shorten(text.toLowerCase())} instead.` }
    }
    return componentProblem(component)
  }
  return undefined
}

function componentProblem(component: string): NameProblem {
  const quoted = JSON.stringify(shorten(component))
  const foreign = /[^A-Za-z0-9._-]/u.exec(component)
  if (foreign !== null) {
    return {
      rule: `the path may not contain ${JSON.stringify(foreign[0])}`,
      hint: 'Use lower-case letters, digits and the separators ".", "_", "__" and "-".',
    }
  }
  if (/^[._-]|[._-]$/.test(component)) {
    return { rule: `${quoted} starts or ends with a separator`, hint: 'Start and end each part of the path with a letter or a digit.' }
  }
  return {
    rule: `${quoted} has separators that may not follow each other`,
    hint: 'Between letters and digits use one ".", one "_", exactly "__", or any number of "-".',
  }
}

/** The rule that a tag breaks, or undefined. */
export function tagProblem(text: string): NameProblem | undefined {
  if (TAG.test(text)) return undefined
  if (text === '') return { rule: 'the tag is empty', hint: 'Write a tag after the colon, or leave the colon out.' }
  if (text.length > 128) return { rule: `the tag has ${text.length} characters, at most 128 are allowed`, hint: 'Choose a shorter tag.' }
  if (/^[.-]/.test(text)) return { rule: 'a tag may not start with "." or "-"', hint: 'Start the tag with a letter, a digit or "_".' }
  return {
    rule: `the tag ${JSON.stringify(shorten(text))} has characters that are not allowed`,
    hint: 'Use letters, digits, "_", "." and "-".',
  }
}

export function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
