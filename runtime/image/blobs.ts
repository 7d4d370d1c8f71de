import { z } from 'zod'
import { type LayerBlob, layerBlob } from '../../protocol/node/index.js'
import { getXattr, setXattr } from '../linux/attributes.js'
import type { LayerStore } from './store.js'

/** On the directory of a layer: only the host's root can read it, and it goes with the layer. */
const blobsXattr = 'trusted.cloche.blobs'
/** Of one layer: the same tar may come compressed in several ways. */
const maxBlobs = 8
const known = z.array(layerBlob)

/** Blobs that a layer was made of or that were made of it, the newest first. That they are still anywhere nobody knows. */
export function blobsOf(store: LayerStore, name: string): LayerBlob[] {
  const text = getXattr(Buffer.from(store.path(name)), blobsXattr)
  if (text === undefined) return []
  try {
    return known.parse(JSON.parse(text.toString()))
  } catch {
    return [] // of another version: the blob is made again
  }
}

/** Remembers a blob of a layer, so that it need not be made again. */
export function rememberBlob(store: LayerStore, name: string, blob: LayerBlob): void {
  if (!store.has(name)) return
  const before = blobsOf(store, name)
  if (before[0]?.digest === blob.digest) return
  const others = before.filter(({ digest }) => digest !== blob.digest)
  const text = JSON.stringify([blob, ...others].slice(0, maxBlobs))
  setXattr(Buffer.from(store.path(name)), blobsXattr, Buffer.from(text))
}

/** Layers that Cloche lays over an image's own, and makes anew for each image that it takes in. */
export const isFinishing = (name: string): boolean => name.startsWith('finishing-')
