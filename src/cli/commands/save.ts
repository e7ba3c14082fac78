import { createWriteStream } from 'node:fs'
import { hybridArchiveSink } from '../../image/mod.ts'
import { parseReference, formatReference } from '../../oci/mod.ts'
import { storeSource } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { findImage, ImageCommandError } from '../images.ts'

void createWriteStream
void hybridArchiveSink
void parseReference
void formatReference
void storeSource
void findImage
void ImageCommandError
const definition: CommandDefinition = { configure: () => undefined, run: async () => undefined }
export default definition
