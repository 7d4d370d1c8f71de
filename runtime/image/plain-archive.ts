import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { badImage } from './error.js'

/** The archive as it is, of what may have been compressed with gzip as a whole. */
export async function* plainArchive(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) throw badImage('the archive is empty')
  const rest = (async function* () {
    yield first.value
    yield* { [Symbol.asyncIterator]: () => iterator }
  })()
  const head = Buffer.from(first.value)
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const gunzip = createGunzip()
    const source = Readable.from(rest)
    source.on('error', (error) => gunzip.destroy(error))
    yield* source.pipe(gunzip)
  } else yield* rest
}
