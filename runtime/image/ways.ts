import { chmodSync, lchownSync, lstatSync, mkdirSync, readlinkSync, type Stats, unlinkSync } from 'node:fs'
import { shownName } from '../../common/tar/format.js'
import type { PathHandle } from '../files/root.js'
import { setXattr } from '../linux/attributes.js'
import { badImage } from './error.js'

/** What is at a place in the layers below. */
export interface Found {
  readonly stat: Stats
  /** Of a symbolic link. */
  readonly target: string | undefined
}

/** The layers below one, as they lie over one another. Places are given without any link on the way. */
export interface Below {
  find(steps: readonly Buffer[]): Found | undefined
}

/** The layers below have to be known, and are not. */
export class BelowNeeded extends Error {
  override readonly name = 'BelowNeeded'
}

/** For a layer that has an entry for each of its directories, as most have: it can do without those below. */
export const unknownBelow: Below = {
  find() {
    throw new BelowNeeded()
  },
}

/** Below the lowest layer is nothing. */
export const nothingBelow: Below = { find: () => undefined }

const linksMax = 40
/** Places whose way is remembered. */
const knownMax = 50_000

/** A place as text, for maps: byte by byte. */
export const key = (steps: readonly Buffer[]): string =>
  steps.map((step) => step.toString('latin1')).join('/')

/**
 * Finds the directories of a layer's entries, and makes those that are missing. Where the archive has no entry for a
 * directory, it is what the layers below have there: a directory with an owner and a mode, or a link that is followed, as if
 * the layer was unpacked over them.
 */
export class Ways {
  readonly #known = new Map<string, readonly Buffer[]>()
  /** Directories that the archive has not said anything of. */
  readonly #implied = new Set<string>()
  #followed = false

  constructor(
    private readonly top: PathHandle,
    private readonly below: Below,
  ) {}

  get dependent(): boolean {
    return this.#followed || this.#implied.size > 0
  }

  /** Something is another thing than it was. */
  changed(): void {
    this.#known.clear()
  }

  /** The archive says what is there: a directory. */
  isDirectory(steps: readonly Buffer[]): void {
    this.#implied.delete(key(steps))
  }

  /**
   * Where a directory of the archive is, without any link on the way.
   * @param full for messages
   * @param make makes what is missing
   */
  settle(steps: readonly Buffer[], full: Buffer, make = true): readonly Buffer[] {
    const asked = key(steps)
    const known = this.#known.get(asked)
    if (known !== undefined) return known
    const done: Buffer[] = []
    const todo = [...steps]
    for (let links = 0; ; ) {
      const step = todo.shift()
      if (step === undefined) break
      const text = step.toString('latin1')
      if (text === '' || text === '.') continue
      if (text === '..') {
        done.pop() // above the root is the root
        continue
      }
      const target = this.#step(done, step, full, make)
      if (target === undefined) {
        done.push(step)
        continue
      }
      if (++links > linksMax) throw badImage(`the way to ${shownName(full)} leads through too many links`)
      if (target.startsWith('/')) done.length = 0
      todo.unshift(...target.split('/').map((part) => Buffer.from(part, 'latin1')))
    }
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(asked, done)
    return done
  }

  /** @returns where a link leads; undefined when there is a directory, which may have been made just now */
  #step(parents: readonly Buffer[], step: Buffer, full: Buffer, make: boolean): string | undefined {
    using parent = this.top.below(parents)
    const path = parent.path(step)
    const own = lstatSync(path, { throwIfNoEntry: false })
    if (own?.isDirectory()) return undefined
    if (own?.isSymbolicLink()) return readlinkSync(path, 'latin1')
    const removed = own?.isCharacterDevice() === true
    if (own !== undefined && !removed) throw badImage(`${shownName(full)} leads through a file`)
    const place = [...parents, step]
    const found = removed ? undefined : this.below.find(place)
    if (found?.target !== undefined) {
      this.#followed = true
      return found.target
    }
    if (found !== undefined && !found.stat.isDirectory())
      throw badImage(`${shownName(full)} leads through a file`)
    if (!make) return undefined
    if (removed) unlinkSync(path)
    mkdirSync(path, 0o755)
    if (removed) setXattr(path, 'trusted.overlay.opaque', Buffer.from('y'))
    if (found !== undefined) {
      lchownSync(path, found.stat.uid, found.stat.gid)
      chmodSync(path, found.stat.mode & 0o7777)
    }
    this.#implied.add(key(place))
    return undefined
  }
}
