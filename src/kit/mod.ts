/**
 * Small tools with no word of the field in them: errors with codes, assertions, concurrency, retries, figures for people.
 * Invariant: pure. No I/O, no `node:` import; runs in a browser.
 */
export * from './assert.ts'
export * from './closest.ts'
export * from './coded-error.ts'
export * from './format.ts'
export * from './limit.ts'
export * from './retry.ts'
