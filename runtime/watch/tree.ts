import { closeSync, type Dir, opendirSync } from 'node:fs'
import { codeOf } from '../files/refusal.js'
import type { PathHandle } from '../files/root.js'
import { directoryKey, markDirectory, openGroup } from '../linux/fanotify.js'
import { type DirectoryNode, DirectoryNodes } from './nodes.js'

/** Entries that are looked at between two looks at the clock. */
const entriesAtATime = 64
/** A directory that is not where it was believed to be: the event that says so is on its way. */
const triesMax = 50
/** Checks that wait; with more of them it is cheaper to begin anew. */
const jobsMax = 20_000
/** Marks of directories that were moved out stay; with so many of them all are given up. */
const strayMarksMax = 5000

/** Names in the tree are bytes as latin1. */
export interface TreeListener {
  /** An entry was found in a directory that was made or came here a moment ago. */
  found(directory: DirectoryNode, name: string): void
}

/** How many directories may be watched, by all trees together. */
export interface Budget {
  left: number
}

/** Something in a directory of the tree. */
export interface Entry {
  readonly directory: DirectoryNode
  readonly name: string
}

type Job = Generator<void, void, void>
type Waiting = () => Job

/**
 * The directories below one, each marked in a group of its own, and where they are. Nothing is resolved by a path that a
 * tenant could have changed without being noticed: a directory is used only while its handle is the expected one.
 *
 * Whoever moves directories faster than events are read makes it believe what was true a moment ago, or never. What is
 * looked at then puts it right, and `misplaced` says so.
 */
export class Tree implements Disposable {
  readonly nodes = new DirectoryNodes()
  readonly group: number
  readonly top: DirectoryNode
  /** There are directories that are not watched. */
  complete = true
  /** A directory was found elsewhere than events had said: what was told of it meanwhile had the wrong path. */
  misplaced = false
  #job: Job | undefined
  #waiting: Waiting[] = []
  /** To be tried again when more events were read. */
  #later: Waiting[] = []
  #marks = 0
  #lost = false

  /**
   * @param root the directory itself; stays its owner's
   * @throws SyscallError
   */
  constructor(
    private readonly root: PathHandle,
    private readonly recursive: boolean,
    private readonly budget: Budget,
    private readonly directoriesMax: number,
    private readonly listener: TreeListener,
  ) {
    this.group = openGroup()
    try {
      this.top = this.#mark(root, null, '')
    } catch (error) {
      closeSync(this.group)
      throw error
    }
    if (recursive) this.#waiting.push(() => this.#scan(this.top, false, 0))
  }

  /** It knows all directories that there are. */
  get settled(): boolean {
    return this.#job === undefined && this.#waiting.length === 0 && this.#later.length === 0
  }

  /** More has changed than can be followed: a new tree has to take its place. */
  get lost(): boolean {
    const jobs = this.#waiting.length + this.#later.length
    return this.#lost || jobs > jobsMax || this.#marks > this.nodes.size + strayMarksMax
  }

  /** Looks for new directories, until then. @param untilMs as of `performance.now()` */
  work(untilMs: number): void {
    if (this.#waiting.length === 0) [this.#waiting, this.#later] = [this.#later.reverse(), []]
    while (performance.now() < untilMs) {
      this.#job ??= this.#waiting.pop()?.()
      if (this.#job === undefined) return
      if (this.#job.next().done === true) this.#job = undefined
    }
  }

  /** Whether an entry is there. Of a directory that is being moved this is not known, and assumed. */
  exists(parent: DirectoryNode, name: string): boolean {
    using directory = this.#open(parent)
    if (directory === undefined) return true
    try {
      directory.entry(Buffer.from(name, 'latin1'))[Symbol.dispose]()
      return true
    } catch (error) {
      if (leadsNowhere(error)) return false
      throw error
    }
  }

  /** Something happened to an entry that is or was a directory. */
  check(parent: DirectoryNode, name: string): void {
    if (this.recursive) this.#later.push(() => this.#check(parent, name, 0))
  }

  /** A directory was deleted, and its mark with it. */
  gone(parent: DirectoryNode, name: string): void {
    const node = parent.children.get(name)
    if (node === undefined) return
    this.#marks--
    this.#forget(node)
    // Another one may have its name by now.
    this.check(parent, name)
  }

  /** A directory was renamed; either end may be outside. */
  renamed(from: Entry | undefined, to: Entry | undefined): void {
    const node = from?.directory.children.get(from.name)
    if (node !== undefined && to !== undefined) this.#move(node, to.directory, to.name)
    else if (node !== undefined) this.#forget(node)
    // What was believed may have been wrong.
    for (const end of [from, to]) if (end !== undefined) this.check(end.directory, end.name)
  }

  [Symbol.dispose](): void {
    this.budget.left += this.nodes.size
    this.#job?.return()
    closeSync(this.group)
  }

  *#check(parent: DirectoryNode, name: string, tries: number): Job {
    using directory = this.#open(parent)
    if (directory === undefined) this.#again(parent, tries, (next) => this.#check(parent, name, next))
    else this.#settle(parent, directory, name, true)
  }

  /** @param announced tells of what is in it: it may be older than the mark */
  *#scan(node: DirectoryNode, announced: boolean, tries: number): Job {
    using directory = this.#open(node)
    if (directory === undefined) {
      this.#again(node, tries, (next) => this.#scan(node, announced, next))
      return
    }
    const entries = opened(directory)
    try {
      for (let count = 1, entry = entries?.readSync(); entry; entry = entries?.readSync(), count++) {
        if (entry.isDirectory()) this.#settle(node, directory, entry.name, announced)
        if (announced) this.listener.found(node, entry.name)
        if (count % entriesAtATime === 0) yield
      }
    } finally {
      entries?.closeSync()
    }
  }

  /** Finds out which directory has a name now. */
  #settle(parent: DirectoryNode, directory: PathHandle, name: string, announced: boolean): void {
    const before = parent.children.get(name)
    using found = enter(directory, name)
    const key = found === undefined ? undefined : directoryKey(found.fd)
    if (before !== undefined && before.key !== key) {
      this.misplaced = true
      this.#forget(before)
    }
    if (found === undefined || key === undefined) return
    const known = this.nodes.get(key)
    if (known !== undefined) {
      if (known !== before) this.misplaced = true
      this.#move(known, parent, name)
      return
    }
    if (this.nodes.size >= this.directoriesMax || this.budget.left <= 0) {
      this.complete = false
      return
    }
    const node = this.#mark(found, parent, name, key)
    this.#waiting.push(() => this.#scan(node, announced, 0))
  }

  /** A directory where it is believed to be; undefined when another one is there. */
  #open(node: DirectoryNode): PathHandle | undefined {
    if (!this.nodes.has(node)) return undefined
    let found: PathHandle
    try {
      found = this.root.below(this.nodes.steps(node).map((name) => Buffer.from(name, 'latin1')))
    } catch (error) {
      if (codeOf(error) === 'ENAMETOOLONG') {
        this.complete = false
        this.#forget(node)
      } else if (!leadsNowhere(error)) throw error
      return undefined
    }
    if (directoryKey(found.fd) === node.key) return found
    found[Symbol.dispose]()
    return undefined
  }

  #again(node: DirectoryNode, tries: number, act: (tries: number) => Job): void {
    // It was deleted or moved out meanwhile.
    if (!this.nodes.has(node)) return
    if (tries < triesMax) this.#later.push(() => act(tries + 1))
    else this.#lost = true
  }

  #mark(found: PathHandle, parent: DirectoryNode | null, name: string, key?: string): DirectoryNode {
    markDirectory(this.group, found.fd, parent === null)
    this.#marks++
    this.budget.left--
    return this.nodes.add(key ?? directoryKey(found.fd), parent, name)
  }

  #move(node: DirectoryNode, parent: DirectoryNode, name: string): void {
    const before = this.nodes.size
    const displaced = parent.children.get(name)
    if (displaced !== undefined && displaced !== node) this.misplaced = true
    if (!this.nodes.move(node, parent, name)) this.#lost = true
    this.budget.left += before - this.nodes.size
  }

  #forget(node: DirectoryNode): void {
    if (node === this.top) return
    const before = this.nodes.size
    this.nodes.forget(node)
    this.budget.left += before - this.nodes.size
  }
}

/** There is no directory, or one of another file system, such as `/proc`. */
const leadsNowhere = (error: unknown) =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'EACCES'].includes(codeOf(error) ?? '')

function opened(directory: PathHandle): Dir | undefined {
  try {
    return opendirSync(directory.path().toString(), { encoding: 'latin1' })
  } catch (error) {
    if (leadsNowhere(error)) return undefined
    throw error
  }
}

function enter(directory: PathHandle, name: string): PathHandle | undefined {
  try {
    return directory.enter(Buffer.from(name, 'latin1'))
  } catch (error) {
    if (leadsNowhere(error)) return undefined
    throw error
  }
}
