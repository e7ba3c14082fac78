/**
 * Unpacked layers in overlay form, each once, with a table of contents from which its tar comes back bit by bit.
 * Only this folder knows keys, variants and short names; others see diffIDs and lowerdirs.
 */
export { createLayers } from './create-layers.ts'
