import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { RuntimeRefusal } from '../errors.js'
import { type ArchiveMessage, type ArchiveRequest, archiveMessage } from './messages.js'
import type { FilesRoot, PathHandle } from './root.js'

/** One that is slow, for its disk is, does not hold up the others. Each takes some MiB while it is there. */
const threadsMax = 3
/** A thread without work is kept for so long. */
const idleMs = 60_000

type Beginning = Extract<ArchiveRequest, { fd: number }>
type Job = Beginning extends infer One
  ? One extends Beginning
    ? Omit<One, 'id' | 'fd' | 'uidBase' | 'user'>
    : never
  : never

/** Packing, unpacking, copying and listing of sandboxes' files, on threads of their own that come and go with the work. */
export class Archives {
  readonly #threads: ArchiveThread[] = []

  /** @param program the module that calls `runArchiveThread` in a thread: this program itself */
  constructor(
    private readonly program: string,
    private readonly log: Logger,
  ) {}

  /** A tar of a directory's content or of one file; see `packPath`. */
  pack(root: FilesRoot, path: string, handIn: readonly string[] | null = null): AsyncGenerator<Uint8Array> {
    return this.#pack(root, { act: 'pack', path, handIn: handIn && [...handIn] })
  }

  /** An image's layer as a tar. @param merged stays open until this has ended */
  packLayer(layer: FilesRoot, merged: PathHandle): AsyncGenerator<Uint8Array> {
    return this.#pack(layer, { act: 'pack layer', merged: merged.fd })
  }

  async *#pack(root: FilesRoot, wanted: Job): AsyncGenerator<Uint8Array> {
    await using job = this.#begin(root, wanted)
    for (;;) {
      job.send({ act: 'next', id: job.id })
      const message = await job.hear()
      if (message.what !== 'bytes') return
      yield message.bytes
    }
  }

  /** See `unpackInto`. */
  async unpack(root: FilesRoot, path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
    await using job = this.#begin(root, { act: 'unpack', path })
    let message = await job.hear()
    // One that is refused early ends the loop early: what is left of it is not read.
    for await (const part of archive) {
      if (message.what !== 'more') return
      job.send({ act: 'bytes', id: job.id, bytes: part })
      message = await job.hear()
    }
    if (message.what !== 'more') return
    job.send({ act: 'end', id: job.id })
    await job.hear()
  }

  /** See `copyTree`. */
  copy = async (root: FilesRoot, from: string, to: string): Promise<void> => {
    await using job = this.#begin(root, { act: 'copy', from, to })
    await job.hear()
  }

  /** See `treeOf`. @returns a `FileTree` as JSON: it is made where the entries are read */
  list = async (root: FilesRoot, path: string, depth: number): Promise<Uint8Array> => {
    await using job = this.#begin(root, { act: 'list', path, depth })
    const listed = await job.hear()
    if (listed.what !== 'bytes') throw new Error('nothing was listed')
    await job.hear()
    return listed.bytes
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  #begin(root: FilesRoot, job: Job): ArchiveJob {
    const least = this.#threads.toSorted((a, b) => a.jobs - b.jobs)[0]
    const thread =
      least !== undefined && (least.jobs === 0 || this.#threads.length >= threadsMax) ? least : this.#start()
    return thread.begin({ ...job, fd: root.fd, uidBase: root.uidBase, user: root.user })
  }

  #start(): ArchiveThread {
    const thread = new ArchiveThread(this.program, this.log, () => {
      const index = this.#threads.indexOf(thread)
      if (index >= 0) this.#threads.splice(index, 1)
    })
    this.#threads.push(thread)
    return thread
  }
}

class ArchiveThread {
  readonly #worker: Worker
  readonly #jobs = new Map<number, ArchiveJob>()
  #ids = 0
  #idle: NodeJS.Timeout | undefined

  constructor(
    program: string,
    log: Logger,
    private readonly gone: () => void,
  ) {
    this.#worker = new Worker(new URL(program), {
      ...{ workerData: { thread: 'archives' }, trackUnmanagedFds: false },
    })
    // A runtime that has nothing else to do may end.
    this.#worker.unref()
    this.#worker.on('message', (message) => {
      const heard = archiveMessage.parse(message)
      this.#jobs.get(heard.id)?.heard(heard)
    })
    this.#worker.once('error', (error) => log.error({ error }, 'a thread for archives has failed'))
    this.#worker.once('exit', () => {
      this.gone()
      const error = { code: null, message: 'the thread for archives has ended' }
      for (const [id, job] of this.#jobs) job.heard({ what: 'done', id, error })
    })
  }

  get jobs(): number {
    return this.#jobs.size
  }

  begin(job: Job & Pick<FilesRoot, 'fd' | 'uidBase' | 'user'>): ArchiveJob {
    clearTimeout(this.#idle)
    const id = ++this.#ids
    const send = (request: ArchiveRequest) => this.#worker.postMessage(request)
    const begun = new ArchiveJob(id, send, () => {
      this.#jobs.delete(id)
      if (this.#jobs.size === 0) this.#idle = setTimeout(() => void this.close(), idleMs).unref()
    })
    this.#jobs.set(id, begun)
    send({ ...job, id })
    return begun
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    this.gone()
    await this.#worker.terminate()
  }
}

class ArchiveJob implements AsyncDisposable {
  readonly #heard: ArchiveMessage[] = []
  #ended = false
  #wake = () => {}

  constructor(
    readonly id: number,
    readonly send: (request: ArchiveRequest) => void,
    private readonly over: () => void,
  ) {}

  heard(message: ArchiveMessage): void {
    this.#heard.push(message)
    this.#wake()
  }

  /** @throws what the job failed of */
  async hear(): Promise<ArchiveMessage> {
    while (this.#heard.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const [message] = this.#heard.splice(0, 1)
    if (message === undefined) throw new Error('nothing was heard')
    if (message.what !== 'done') return message
    this.#ended = true
    if (message.error === null) return message
    const { code, message: words } = message.error
    throw code === null ? new Error(words) : new RuntimeRefusal(code, words)
  }

  /** Stops what has not ended, and waits for its end: it uses the descriptor of the sandbox's root. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.send({ act: 'stop', id: this.id, why: 'the connection has ended' })
    while (!this.#ended) await this.hear().catch(() => {}) // the error that ended it is told already
    this.over()
  }
}
