import { ApiError } from '../lib/api'
import type { FileEntry } from '../lib/protocol'
import type { FilesClient } from './client'
import { freeName, homePath, isWithin, nameOf, parentsOf } from './paths'

/** The trash of the person inside, as desktops have it. */
export const trashPath = `${homePath}/.local/share/Trash`
const filesPath = `${trashPath}/files`
const infoPath = `${trashPath}/info`

/** So many names in a row are tried before one is chosen at random. */
const numbersMax = 20
/** With `.trashinfo` and a number it must stay a name that Linux allows. */
const nameBytesMax = 200

/** Something that was put into the trash. */
export interface Trashed {
  readonly from: string
  readonly path: string
  readonly info: string
}

/**
 * Where deleted files wait, inside the sandbox and on its disk.
 *
 * @see https://specifications.freedesktop.org/trash-spec/latest/
 */
export class Trash {
  constructor(
    private readonly client: Pick<FilesClient, 'makeDirectory' | 'write' | 'move' | 'remove' | 'list'>,
  ) {}

  /** What is in the trash, or holds it, cannot be put there. */
  takes(path: string): boolean {
    return !isWithin(path, trashPath) && !isWithin(trashPath, path)
  }

  /** @throws ApiError, for example where the disk has no room; then the entry is where it was */
  async put(path: string): Promise<Trashed> {
    await Promise.all([this.client.makeDirectory(filesPath), this.client.makeDirectory(infoPath)])
    for (let number = 1; ; number++) {
      const name = trashName(path, number)
      const trashed = { from: path, path: `${filesPath}/${name}`, info: `${infoPath}/${name}.trashinfo` }
      // Whoever makes the file of this name has the name.
      if (
        !(await this.#taken(this.client.write(trashed.info, infoOf(path, new Date()), { version: null })))
      ) {
        try {
          if (!(await this.#taken(this.client.move(path, trashed.path)))) return trashed
        } catch (error) {
          await this.client.remove(trashed.info).catch(() => {}) // it names nothing, and hurts nobody
          throw error
        }
        await this.client.remove(trashed.info)
      }
    }
  }

  /** Whether the name was taken already. */
  async #taken(attempt: Promise<FileEntry>): Promise<boolean> {
    try {
      await attempt
      return false
    } catch (error) {
      if (error instanceof ApiError && ['precondition_failed', 'conflict'].includes(error.code)) return true
      throw error
    }
  }

  /**
   * Puts it back to where it was, also when the directory is gone. When its name was taken meanwhile it gets a number.
   * @returns where it is now
   */
  async restore({ from, path, info }: Trashed): Promise<string> {
    const [parent = homePath] = parentsOf(from)
    await this.client.makeDirectory(parent)
    let to = from
    while (await this.#taken(this.client.move(path, to))) {
      const { entries } = await this.client.list(parent)
      to = freeName(from, new Set([to, ...entries.map((one) => one.path)]))
    }
    await this.client.remove(info).catch(() => {}) // it names nothing any more
    return to
  }

  /** Deletes everything in it. */
  async empty(): Promise<void> {
    for (const path of [filesPath, infoPath]) {
      await this.client.remove(path).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.code === 'file_not_found')) throw error
      })
    }
  }
}

/** `a.txt`, `a.txt 2`, …; a name that is too long, or not UTF-8, is replaced. */
export function trashName(path: string, number: number): string {
  const name = nameOf(path)
  const usual = !path.startsWith('file:') && new TextEncoder().encode(name).length <= nameBytesMax
  if (!usual || number > numbersMax) return `deleted-${crypto.randomUUID()}`
  return number === 1 ? name : `${name} ${number}`
}

/** What the trash keeps of an entry, with its path as in a URI. */
export function infoOf(path: string, at: Date): string {
  const encoded = path.startsWith('file://')
    ? path.slice('file://'.length)
    : path.split('/').map(encodeURIComponent).join('/')
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  return `[Trash Info]\nPath=${encoded}\nDeletionDate=${day}T${time}\n`
}
