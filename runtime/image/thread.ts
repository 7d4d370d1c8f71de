import { createHash } from 'node:crypto'
import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { errorCode } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { codeOf } from '../files/refusal.js'
import { PathHandle } from '../files/root.js'
import { MountedLayers } from './below.js'
import { badImage } from './error.js'
import { extractLayer, tooLarge } from './layer.js'
import { diskFull } from './spool.js'
import { BelowNeeded, nothingBelow, unknownBelow } from './ways.js'

const pieceBytes = 256 * 1024

/** What the thread that unpacks layers is started with. */
export const layerThread = z.object({ thread: z.literal('layer') })

/** What the thread is asked: to unpack one layer, or only to read it. */
export const layerJob = z.object({
  /** Of the layer's tar, or of its gzip. The thread closes it. */
  fd: z.number(),
  gzip: z.boolean(),
  /** An empty directory, which gets its content; null to read its digest and nothing more. */
  directory: z.string().nullable(),
  /** What its files may have, with their holes: 64 GiB of zeros are a few KiB as gzip. */
  bytesMax: z.number(),
  /** Where the layers below it are mounted; `none` for the lowest, `unknown` to try without. */
  below: z.union([z.object({ path: z.string() }), z.enum(['none', 'unknown'])]),
})
export type LayerJob = z.infer<typeof layerJob>

/** What the thread answers. */
export const layerAnswer = z.union([
  z.object({
    /** Of the tar, in hex. */
    sha256: z.string(),
    dependent: z.boolean(),
    files: z.number(),
    bytes: z.number(),
    devices: z.number(),
  }),
  z.literal('below needed'),
  z.object({ error: z.object({ code: errorCode.nullable(), message: z.string() }) }),
])
export type LayerAnswer = z.infer<typeof layerAnswer>

/** Unpacks layers, one after the other: thousands of calls to the kernel that nobody else should wait for. */
export function runLayerThread(): void {
  const port = parentPort
  if (port === null) throw new Error('not a thread')
  port.on('message', (message: unknown) => {
    extracted(layerJob.parse(message))
      .catch(failure)
      .then((answer) => port.postMessage(answer))
  })
}

async function extracted({ fd, gzip, directory, below, bytesMax }: LayerJob): Promise<LayerAnswer> {
  const hash = createHash('sha256')
  using stored = gzip ? gunzipped(fd) : piecesOf(fd)
  const content = hashed(stored.pieces, hash, bytesMax)
  if (directory === null) {
    for await (const _ of content);
    return { sha256: hash.digest('hex'), dependent: false, files: 0, bytes: 0, devices: 0 }
  }
  using top = new PathHandle(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY))
  using mounted = typeof below === 'string' ? undefined : new MountedLayers(below.path)
  const known = mounted ?? (below === 'none' ? nothingBelow : unknownBelow)
  const layer = await extractLayer(content, top, known, bytesMax)
  return { ...layer, sha256: hash.digest('hex') }
}

interface Stored extends Disposable {
  readonly pieces: AsyncIterable<Buffer> | Iterable<Buffer>
}

/** Read at once: this thread does nothing else, and would wait for another one at each piece. */
function piecesOf(fd: number): Stored {
  const pieces = (function* () {
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(pieceBytes)
      const bytes = readSync(fd, piece)
      if (bytes === 0) return
      yield piece.subarray(0, bytes)
    }
  })()
  return { pieces, [Symbol.dispose]: () => closeSync(fd) }
}

function gunzipped(fd: number): Stored {
  const stored = createReadStream('', { fd, highWaterMark: pieceBytes })
  const pieces = stored.pipe(createGunzip({ chunkSize: pieceBytes }))
  stored.on('error', (error) => pieces.destroy(error))
  return { pieces, [Symbol.dispose]: () => void stored.destroy() }
}

/** A tar is larger than its files. */
const [headersPart, headersBytes] = [1.25, 64 * 1024 ** 2]

/** Hands on what is read, and refuses what does not end: after the end of an archive anything may follow. */
async function* hashed(
  plain: Stored['pieces'],
  hash: ReturnType<typeof createHash>,
  bytesMax: number,
): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const part of plain) {
    bytes += part.length
    if (bytes > bytesMax * headersPart + headersBytes) throw tooLarge(bytesMax)
    hash.update(part)
    yield part
  }
}

function failure(error: unknown): LayerAnswer {
  if (error instanceof BelowNeeded) return 'below needed'
  const refusal = refusalOf(error)
  const message =
    refusal?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))
  return { error: { code: refusal?.code ?? null, message } }
}

const namesTooLong = new Set(['ENAMETOOLONG', 'EMLINK', 'EINVAL', 'E2BIG', 'ERANGE', 'EILSEQ'])

function refusalOf(error: unknown): RuntimeRefusal | undefined {
  if (error instanceof RuntimeRefusal) return error
  const code = codeOf(error) ?? ''
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull()
  if (namesTooLong.has(code)) return badImage(`a layer has what the disk cannot hold (${code})`)
  // Of zlib: its errors are Z_DATA_ERROR, Z_BUF_ERROR and the like.
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
    return badImage(`a layer is not valid gzip: ${error.message}`)
  }
  return undefined
}
