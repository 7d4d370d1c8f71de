import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { codeOf } from '../files/refusal.js'
import { FilesRoot, openMountedRoot, PathHandle } from '../files/root.js'
import type { Below, Found } from './ways.js'

const nothing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV'])

/** Layers that are mounted over one another, with their owners as on the disk. */
export class MountedLayers implements Below, Disposable {
  readonly #root: FilesRoot
  readonly #top: PathHandle

  /** @param path where they are mounted */
  constructor(path: string) {
    this.#root = new FilesRoot(openMountedRoot(path), 0)
    this.#top = new PathHandle(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
  }

  find(steps: readonly Buffer[]): Found | undefined {
    const name = steps.at(-1)
    if (name === undefined) return undefined
    try {
      using parent = this.#top.below(steps.slice(0, -1))
      const stat = lstatSync(parent.path(name))
      return { stat, target: stat.isSymbolicLink() ? readlinkSync(parent.path(name), 'latin1') : undefined }
    } catch (error) {
      if (nothing.has(codeOf(error) ?? '')) return undefined
      throw error
    }
  }

  /** Whether there is anything at a path, as a program inside would find it. */
  has(path: string): boolean {
    try {
      using _ = this.#root.find(path, { follow: true })
      return true
    } catch (error) {
      if (nothing.has(codeOf(error) ?? '')) return false
      throw error
    }
  }

  /** A small file's text; empty when there is none, or it is no file. Of a larger one, its beginning. */
  read(path: string, bytesMax: number): string {
    try {
      using found = this.#root.find(path, { follow: true })
      if (!found.stat().isFile()) return ''
      const fd = openSync(found.path(), constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        const buffer = Buffer.alloc(Math.min(bytesMax, found.stat().size))
        return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0))
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      if (nothing.has(codeOf(error) ?? '')) return ''
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#top[Symbol.dispose]()
    this.#root[Symbol.dispose]()
  }
}
