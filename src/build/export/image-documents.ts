import { layerCompression, MediaType, type Descriptor, type ImageConfig, type Platform } from '../../oci/mod.ts'
import type { BaseImage } from '../graph/base-image.ts'
import type { StagePlan } from '../graph/plan.ts'
import type { StepResult } from '../step-result.ts'
import { diffIdsOf } from '../step-result.ts'
import { historyOf } from './history.ts'

/** The image config of a finished stage. The same steps give the same bytes, and so the same image ID. */
export function configOf(plan: StagePlan, result: StepResult, platform: Platform): Uint8Array {
  const base = plan.base?.config
  const history = historyOf(base?.history ?? [], plan.history, { built: result.built, baseCreated: base?.created })
  const created = history.at(-1)?.created ?? base?.created
  const { author } = plan.config
  const config: ImageConfig = {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    ...platformOf(base ?? platform),
    config: plan.config.config,
    rootfs: { type: 'layers', diff_ids: diffIdsOf(result) },
    history,
  }
  return encode(config)
}

/** The manifest: the base image's layers as it has them, ours without compression, to be compressed when they leave this machine. */
export function manifestOf(config: Descriptor, base: BaseImage | undefined, built: readonly Descriptor[]): Uint8Array {
  const layers = [...(base?.manifest.layers ?? []).map(asOci), ...built]
  return encode({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers })
}

function platformOf(platform: Platform): Platform {
  const { architecture, os, variant } = platform
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(platform['os.version'] === undefined ? {} : { 'os.version': platform['os.version'] }),
    ...(platform['os.features'] === undefined ? {} : { 'os.features': platform['os.features'] }),
  }
}

const OCI_TYPES = { none: MediaType.ociLayer, gzip: MediaType.ociLayerGzip, zstd: MediaType.ociLayerZstd } as const

/** Docker's names of layer types mean the same bytes. */
function asOci(layer: Descriptor): Descriptor {
  const compression = layerCompression(layer.mediaType)
  return compression === undefined || layer.mediaType.includes('foreign') ? layer : { ...layer, mediaType: OCI_TYPES[compression] }
}

function encode(document: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document))
}
