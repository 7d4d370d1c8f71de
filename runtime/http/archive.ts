import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { sendBytes } from './bytes.js'

/** Answers with a tar while it is packed. Until its first block is there a refusal can still be said. */
export async function sendArchive(
  archive: AsyncGenerator<Uint8Array, void>,
  reply: FastifyReply,
): Promise<void> {
  let first = await archive.next()
  while (!first.done && first.value.length === 0) first = await archive.next()
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'application/x-tar' })
  await sendBytes(Readable.from(rest(first, archive)), reply.raw)
}

async function* rest(first: IteratorResult<Uint8Array, void>, archive: AsyncGenerator<Uint8Array, void>) {
  try {
    if (!first.done) yield first.value
    yield* archive
  } finally {
    await archive.return(undefined)
  }
}
