import type { WatchEvent } from '../../protocol/api/index.js'
import type { PathHandle } from '../files/root.js'
import { type DirectoryEvent, eventsIn, happened, readEvents } from '../linux/fanotify.js'
import { Changes } from './changes.js'
import type { DirectoryNode } from './nodes.js'
import { type Budget, Tree } from './tree.js'

const buffer = Buffer.alloc(64 * 1024)
/** Changes that come closer to each other than this are told together. */
const batchMs = 50
/** After more changes than one batch holds nothing is read for so long. */
const burstMs = 500
/** After changes were missed the tree is read anew: after this, after twice as long the next time, up to the last. */
const [firstPauseMs, lastPauseMs] = [1000, 30_000]
/** A tree that was followed for so long is no longer in trouble. */
const calmMs = 60_000
/** How often it is seen that the directory was deleted: no event tells of what a descriptor holds. */
const lookMs = 500

export interface WatchedOptions {
  /** The directory as it was asked for, bytes as latin1, without a slash at its end. */
  readonly base: string
  readonly recursive: boolean
  readonly directoriesMax: number
}

/** A directory that is watched: reads events, and tells of them in batches. When it falls behind it says so and begins anew. */
export class Watched implements Disposable {
  readonly #changes = new Changes()
  #tree: Tree | undefined
  /** `ready` was told. */
  #told = false
  #ended = false
  /** The tree was read whole. */
  #ready = false
  /** What was told of it last. */
  #complete = true
  #toldAt = 0
  /** There were too many changes; they are read when this time has come. */
  #missedUntil: number | undefined
  /** Directories that were misplaced are told of at this time at the earliest. */
  #anewAt = 0
  #lookedAt = 0
  #startedAt = 0
  #startAt = 0
  #pauseMs = firstPauseMs

  /**
   * @param root the directory; stays its owner's
   * @throws SyscallError when it cannot be watched
   */
  constructor(
    private readonly root: PathHandle,
    private readonly options: WatchedOptions,
    private readonly budget: Budget,
    private readonly tell: (event: WatchEvent) => void,
  ) {
    this.#start()
  }

  /** It was told that there is no more. */
  get ended(): boolean {
    return this.#ended
  }

  /** Reads what has happened, and tells of it when it is time. @param untilMs as of `performance.now()` */
  step(untilMs: number): void {
    if (this.#ended) return
    const now = performance.now()
    if (now - this.#lookedAt >= lookMs) {
      this.#lookedAt = now
      if (this.root.stat().nlink === 0) {
        this.#end('deleted')
        return
      }
    }
    if (this.#missedUntil !== undefined && now < this.#missedUntil) return
    if (this.#tree === undefined) {
      if (now < this.#startAt) return
      this.#start()
    }
    const drained = this.#read(untilMs)
    this.#tree?.work(untilMs)
    if (this.#tree?.lost === true) this.#restart()
    if (this.#tree !== undefined) this.#report(this.#tree, now, drained)
  }

  /** Something went wrong that may not the next time. */
  failed(): void {
    this.#restart()
  }

  [Symbol.dispose](): void {
    this.#tree?.[Symbol.dispose]()
    this.#tree = undefined
  }

  #start(): void {
    const found = (directory: DirectoryNode, name: string) =>
      this.#changes.add(this.#path(directory, name), 'created')
    const { recursive, directoriesMax } = this.options
    this.#tree = new Tree(this.root, recursive, this.budget, directoriesMax, { found })
    this.#startedAt = performance.now()
  }

  /** Marks and queue are given up, so that nothing is spent on what is not told anyway. */
  #restart(): void {
    this.#tree?.[Symbol.dispose]()
    this.#tree = undefined
    this.#changes.clear()
    this.#ready = false
    this.#missedUntil = undefined
    const now = performance.now()
    if (now - this.#startedAt > calmMs) this.#pauseMs = firstPauseMs
    this.#startAt = now + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, lastPauseMs)
  }

  /** @returns whether all was read that there was */
  #read(untilMs: number): boolean {
    for (let tree = this.#tree; tree !== undefined && performance.now() < untilMs; tree = this.#tree) {
      const bytes = readEvents(tree.group, buffer)
      if (bytes === 0) return true
      for (const event of eventsIn(buffer.subarray(0, bytes))) {
        if (event.mask & happened.overflow) {
          this.#restart()
          return false
        }
        if (event.mask & happened.rename) this.#renamed(tree, event)
        else this.#take(tree, event)
      }
    }
    return false
  }

  #take(tree: Tree, { mask, at }: DirectoryEvent): void {
    const directory = at === undefined ? undefined : tree.nodes.get(at.directory)
    if (at === undefined || directory === undefined) return // it was moved out
    if (at.name === '.') {
      this.#self(tree, directory, mask)
      return
    }
    const path = this.#path(directory, at.name)
    const [created, deleted] = [(mask & happened.create) !== 0, (mask & happened.delete) !== 0]
    if (created && deleted) {
      // The kernel puts them together, and does not say which came first.
      this.#changes.add(path, tree.exists(directory, at.name) ? 'created' : 'deleted')
    } else this.#changes.add(path, created ? 'created' : deleted ? 'deleted' : 'modified')
    if (!(mask & happened.onDirectory)) return
    if (deleted) tree.gone(directory, at.name)
    else if (created) tree.check(directory, at.name)
  }

  #renamed(tree: Tree, { mask, at, from }: DirectoryEvent): void {
    const [source, target] = [from, at].map((ref) => {
      const directory = ref === undefined ? undefined : tree.nodes.get(ref.directory)
      return ref === undefined || directory === undefined ? undefined : { directory, name: ref.name }
    })
    const [old, path] = [source, target].map((one) => one && this.#path(one.directory, one.name))
    if (old !== undefined && path !== undefined) this.#changes.moved(old, path)
    else if (old !== undefined) this.#changes.add(old, 'deleted')
    else if (path !== undefined) this.#changes.add(path, 'created')
    if (mask & happened.onDirectory) tree.renamed(source, target)
  }

  #self(tree: Tree, directory: DirectoryNode, mask: number): void {
    if (directory === tree.top && mask & happened.moveSelf) this.#end('moved')
    else if (mask & happened.attrib) this.#changes.add(this.#path(directory), 'modified')
  }

  #report(tree: Tree, now: number, drained: boolean): void {
    if (!this.#ready) {
      if (!tree.settled || !drained) return
      this.#ready = true
      this.#readAnew(tree, now)
    } else if (this.#missedUntil !== undefined || this.#complete !== tree.complete) {
      if (drained) this.#readAnew(tree, now)
    } else if (tree.misplaced && tree.settled && drained && now >= this.#anewAt) this.#readAnew(tree, now)
    else if (this.#changes.lost) this.#missedUntil = now + burstMs
    else if (!this.#changes.empty && now - this.#toldAt >= batchMs) {
      this.tell({ type: 'change', changes: this.#changes.take() })
      this.#toldAt = now
    }
  }

  /** Whoever listens has to read everything, from now on. */
  #readAnew(tree: Tree, now: number): void {
    const { complete } = tree
    tree.misplaced = false
    this.#anewAt = now + burstMs
    this.#missedUntil = undefined
    this.#changes.clear()
    this.tell({ type: this.#told ? 'rescan' : 'ready', complete })
    this.#told = true
    this.#complete = complete
    this.#toldAt = now
  }

  #end(reason: 'deleted' | 'moved'): void {
    this.#ended = true
    this.tell({ type: 'end', reason })
  }

  #path(directory: DirectoryNode, name?: string): string {
    const steps = this.#tree?.nodes.steps(directory) ?? []
    return [this.options.base, ...steps, ...(name === undefined ? [] : [name])].join('/')
  }
}
