/**
 * Images as things to copy: ImageSource and ImageSink, copyImage between any two of them, and the forms that are files.
 * Invariant: bytes of manifests and configs are moved as they are; a name is given last.
 */
export { copyImage, type CopyOptions, type CopyResult, type TransferEvent } from './copy-image.ts'
export { ImageError } from './image-error.ts'
export type { BlobRole, ImageSink, WriteOptions } from './image-sink.ts'
export type { ImageSource, ReadOptions } from './image-source.ts'
export { ociDirectorySink, ociDirectorySource } from './oci-directory.ts'
export { randomImage } from './random-image.ts'
export { readArchive, type ArchivedImage, type ArchiveReader } from './read-archive.ts'
export { writeArchive, type ArchiveWriter } from './write-archive.ts'
