import { Store } from '../terminal/store'
import type { FilesClient } from './client'
import { joinPath } from './paths'
import { pieceBytes, sendInPieces } from './pieces'

/** A file of this device, by its path below where it was dropped. */
export interface Upload {
  readonly path: readonly string[]
  readonly file: File
}

export interface Progress {
  readonly files: number
  readonly filesDone: number
  readonly bytes: number
  readonly bytesDone: number
}

/** Sends files one after another. `progress` is null while nothing is sent. */
export class Uploads {
  readonly progress = new Store<Progress | null>(null)
  #abort: AbortController | null = null

  constructor(private readonly client: FilesClient) {}

  /**
   * @param directory where they go; directories of theirs are made
   * @returns how many were sent: fewer than asked for when it was cancelled
   * @throws what the first that fails says; those before it were sent
   */
  async send(directory: string, uploads: readonly Upload[]): Promise<number> {
    const abort = new AbortController()
    this.#abort = abort
    const bytes = uploads.reduce((sum, { file }) => sum + file.size, 0)
    let [filesDone, sent] = [0, 0]
    const report = (ofThis: number) =>
      this.progress.set({ files: uploads.length, filesDone, bytes, bytesDone: sent + ofThis })
    try {
      for (const { path, file } of uploads) {
        report(0)
        const to = path.reduce(joinPath, directory)
        if (file.size > pieceBytes) await sendInPieces(this.client, to, file, report, abort.signal)
        else await this.client.upload(to, file, report, abort.signal)
        filesDone++
        sent += file.size
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error
    } finally {
      this.progress.set(null)
    }
    return filesDone
  }

  cancel(): void {
    this.#abort?.abort()
  }
}

/** What was dropped, with everything in dropped directories. Must be called before the event's handler returns. */
export async function uploadsOf(transfer: DataTransfer): Promise<readonly Upload[]> {
  const found = [...transfer.items].map((item) => {
    const entry = item.webkitGetAsEntry()
    if (entry) return walk(entry, [])
    const file = item.getAsFile()
    return file ? [{ path: [file.name], file }] : []
  })
  return (await Promise.all(found)).flat()
}

async function walk(entry: FileSystemEntry, above: readonly string[]): Promise<readonly Upload[]> {
  const path = [...above, entry.name]
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    return [{ path, file }]
  }
  if (!isDirectory(entry)) return []
  const reader = entry.createReader()
  const found: Upload[] = []
  // It gives a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return found
    for (const one of some) found.push(...(await walk(one, path)))
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
