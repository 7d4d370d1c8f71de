import { ApiError, Unreachable } from '../lib/api'
import type { FilesClient } from './client'
import { homePath, joinPath, parentsOf } from './paths'

/** A larger file is sent in pieces of this size: what a broken connection loses is at most the last one. */
export const pieceBytes = 8 * 1024 ** 2
/** Tries that bring nothing further before the connection is given up, with pauses of up to ten seconds: a minute. */
const triesMax = 9
const pauseMaxMs = 10_000

/** What `sendInPieces` needs of the API. */
export type PieceClient = Pick<FilesClient, 'stat' | 'upload' | 'move' | 'chmod' | 'remove'>

/**
 * Sends a large file under a name of its own, and gives it its place when all has arrived. After a broken connection it
 * goes on with what is missing.
 *
 * @param onProgress is told of the bytes that were sent
 * @param pause waits; for tests
 * @throws AbortError (a DOMException) when `signal` ends it, ApiError, Unreachable
 */
export async function sendInPieces(
  client: PieceClient,
  path: string,
  content: Blob,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
  pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
): Promise<void> {
  const before = await entryAt(client, path)
  // A link is followed by a write, and replaced by a move.
  if (before !== null && before.type !== 'file') return client.upload(path, content, onProgress, signal)
  const part = joinPath(parentsOf(path).at(-1) ?? homePath, `.upload-${crypto.randomUUID().slice(0, 8)}.part`)
  try {
    let [sent, tries] = [0, 0]
    while (sent < content.size) {
      const piece = content.slice(sent, sent + pieceBytes)
      try {
        await client.upload(part, piece, (bytes) => onProgress(sent + bytes), signal, sent)
        sent += piece.size
        tries = 0
      } catch (error) {
        if (!goesOn(error) || ++tries > triesMax) throw error
        await pause(Math.min(500 * 2 ** tries, pauseMaxMs))
        signal.throwIfAborted()
        const arrived = await arrivedOf(client, part, sent)
        if (arrived > sent) tries = 0
        sent = arrived
        onProgress(sent)
      }
    }
    if (before !== null) await client.chmod(part, before.mode)
    await client.move(part, path, true)
  } catch (error) {
    await client.remove(part).catch(() => {}) // it may not be there, or the server
    throw error
  }
}

/** The file ends elsewhere when an answer was lost, or when the rest of a piece arrives late. */
const goesOn = (error: unknown) =>
  error instanceof Unreachable || (error instanceof ApiError && error.code === 'offset_mismatch')

async function arrivedOf(client: PieceClient, part: string, otherwise: number): Promise<number> {
  try {
    return (await entryAt(client, part))?.sizeBytes ?? 0
  } catch (error) {
    if (error instanceof Unreachable) return otherwise
    throw error
  }
}

async function entryAt(client: PieceClient, path: string) {
  try {
    return await client.stat(path)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'file_not_found') return null
    throw error
  }
}
