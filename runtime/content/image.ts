import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentImage } from '../../protocol/node/index.js'
import { bounds } from '../image/bounds.js'
import { badImage } from '../image/error.js'
import type { Files } from '../image/manifest.js'
import type { SpooledFile } from '../image/spool.js'
import type { ContentStore } from './store.js'

/**
 * An image of the store in the form of an OCI layout, so that it is checked as one that comes as an archive.
 * @param staging where its manifests go
 */
export async function filesOf(
  content: ContentStore,
  { space, reference, mediaType, manifests }: ContentImage,
  staging: string,
): Promise<Files> {
  const written = new Map<string, SpooledFile>()
  const write = async (name: string, text: string): Promise<SpooledFile> => {
    const bytes = Buffer.from(text)
    if (bytes.length > bounds.jsonBytes) throw badImage(`a manifest is larger than ${bounds.jsonBytes} bytes`)
    const file = {
      path: join(staging, name),
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }
    await writeFile(file.path, bytes, { mode: 0o600 })
    return file
  }
  for (const [i, text] of manifests.entries()) {
    const file = await write(`manifest${i}`, text)
    written.set(file.sha256, file)
  }
  const [top] = written.values()
  if (top === undefined) throw badImage('there is no manifest')
  const descriptor = {
    ...{ mediaType, digest: `sha256:${top.sha256}`, size: top.bytes },
    annotations: { 'org.opencontainers.image.ref.name': reference },
  }
  const index = await write('index.json', JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }))
  return {
    find: (name) => (name === 'index.json' ? index : undefined),
    blob: (digest) => {
      const sha256 = digest.slice('sha256:'.length)
      const known = written.get(sha256)
      if (known !== undefined) return known
      const { path, bytes } = content.find(space, digest)
      return { path, bytes, sha256 }
    },
    read: async (file, what) => {
      if (file.bytes > bounds.jsonBytes) throw badImage(`${what} is larger than ${bounds.jsonBytes} bytes`)
      return readFile(file.path)
    },
  }
}
