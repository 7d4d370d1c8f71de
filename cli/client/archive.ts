import { Failure } from '../command.js'
import { write } from './output.js'
import { sayLocalTrouble } from './place.js'
import { chunksOf, writeLocal } from './streams.js'

export const archiveForm =
  'The tar is an OCI layout and what docker save writes: docker load, podman load, skopeo and cloche template import take it.'

/**
 * Writes a tar to a file that is there whole or not at all, or to stdout.
 * @param open begins it, when it is known that it can go somewhere
 */
export async function saveArchive(
  open: () => Promise<ReadableStream<Uint8Array>>,
  file = '-',
): Promise<void> {
  if (file === '-' && process.stdout.isTTY)
    throw new Failure('a tar is nothing for a terminal: name a file, or redirect it')
  const content = chunksOf(await open())
  if (file !== '-') await writeLocal(file, content, 0o600).catch(sayLocalTrouble)
  else for await (const chunk of content) await write(process.stdout, chunk)
}
