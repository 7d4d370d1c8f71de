import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { ConnectionFailed, FileNotFound, type Files, OffsetMismatch, type Sandbox } from '../../sdk/index.js'
import { Failure } from '../command.js'
import { Progress } from './progress.js'
import { chunksOf, streamOf } from './streams.js'

/** Tries that bring nothing further, one after the other, before the connection is given up. */
const triesMax = 8
const pauseMs = 500

/**
 * Sends the part of a file that is not in the sandbox yet, behind the part that is.
 * @returns how many bytes were sent
 */
export async function continueUpload(from: string, { files }: Sandbox, to: string): Promise<number> {
  const source = from === '-' ? undefined : await stat(from)
  if (!source?.isFile()) throw new Failure(`--continue copies one file, and ${from} is none`)
  const mode = (source.mode & 0o777).toString(8).padStart(3, '0')
  using progress = new Progress(from, source.size)
  await untilDone(
    async () => {
      const offset = await sizeOf(files, to)
      if (offset > source.size) throw longer(to, from)
      return offset
    },
    async (start) => {
      const content = progress.through(createReadStream(from, { start }))
      await files.append(to, streamOf(content), { offset: start, mode })
    },
    source.size,
  )
  return progress.bytes
}

/**
 * Fetches the part of a file that is not here yet, behind the part that is.
 * @returns how many bytes came
 */
export async function continueDownload({ files }: Sandbox, from: string, to: string): Promise<number> {
  const entry = await files.stat(from)
  if (entry.type !== 'file' || to === '-') {
    throw new Failure(`--continue copies one file to a file, and ${to === '-' ? 'stdout' : from} is none`)
  }
  await using file = await open(to, 'a', Number.parseInt(entry.mode, 8))
  if (!(await file.stat()).isFile()) throw new Failure(`--continue copies to a file, and ${to} is none`)
  using progress = new Progress(from, entry.sizeBytes)
  await untilDone(
    async () => {
      const now = await files.stat(from)
      if (now.etag !== entry.etag) throw new Failure(`${from} was changed while it was copied; copy it anew`)
      const { size } = await file.stat()
      if (size > entry.sizeBytes) throw longer(to, from)
      return size
    },
    async (start) => {
      const stream = await files.readStream(from, undefined, { start })
      for await (const chunk of progress.through(chunksOf(stream))) await file.appendFile(chunk)
    },
    entry.sizeBytes,
  )
  return progress.bytes
}

/**
 * Goes on at where it is until all is there; a broken connection is tried again, as long as each of some tries brings
 * it further.
 */
async function untilDone(
  where: () => Promise<number>,
  goOn: (start: number) => Promise<void>,
  size: number,
): Promise<void> {
  let [tries, furthest] = [0, -1]
  for (;;) {
    try {
      const start = await where()
      if (start > furthest) [tries, furthest] = [0, start]
      // An empty file is made as well.
      if (start < size || size === 0) await goOn(start)
      return
    } catch (error) {
      if (!(error instanceof ConnectionFailed || error instanceof OffsetMismatch) || ++tries >= triesMax)
        throw error
      await setTimeout(pauseMs * tries)
    }
  }
}

/** 0 of a file that is missing. */
async function sizeOf(files: Files, path: string): Promise<number> {
  try {
    const { type, sizeBytes } = await files.stat(path)
    if (type !== 'file') throw new Failure(`--continue copies to a file, and ${path} is none`)
    return sizeBytes
  } catch (error) {
    if (error instanceof FileNotFound) return 0
    throw error
  }
}

const longer = (to: string, from: string) =>
  new Failure(
    `${to} is longer than ${from}, so it is not the beginning of it; delete it, or copy without --continue`,
  )
