import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanEntryPath } from './safe-path.ts'

for (const [path, components] of [
  ['a/b', ['a', 'b']],
  ['./a//b/.', ['a', 'b']],
  ['/etc/passwd', ['etc', 'passwd']],
  ['//a/', ['a']],
  ['', []],
  ['.', []],
  ['./', []],
  ['/', []],
  ['a/../b', ['b']],
  ['a/b/../..', []],
  ['...', ['...']],
  ['..a/b..', ['..a', 'b..']],
  ['a\\..\\..\\b', ['a\\..\\..\\b']],
  ['C:/x', ['C:', 'x']],
] as const) {
  test(`cleanEntryPath(${JSON.stringify(path)})`, () => assert.deepEqual(cleanEntryPath(path), components))
}

// Names that lead out: CVE-2007-4559 (Python), CVE-2021-32804 (node-tar), and their kin.
for (const path of ['..', '../x', '/..', '/../etc', 'a/../../b', './../b', 'a/./../../b', '//../x', 'a\0b', '\0', '../']) {
  test(`cleanEntryPath refuses ${JSON.stringify(path)}`, () => assert.throws(() => cleanEntryPath(path), { code: 'PATH_UNSAFE' }))
}

test('what cleanEntryPath gives is safe, and stays as it is', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', '.', '..', '', '\0', '...'), { maxLength: 8 }), (parts) => {
      let components: readonly string[]
      try {
        components = cleanEntryPath(parts.join('/'))
      } catch {
        return
      }
      for (const component of components) assert.ok(!['', '.', '..'].includes(component) && !/[/\0]/.test(component))
      assert.deepEqual(cleanEntryPath(components.join('/')), components)
    }),
  )
})
