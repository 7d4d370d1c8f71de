import { parentPort } from 'node:worker_threads'
import { RuntimeRefusal } from '../errors.js'
import { copyTree } from './copy.js'
import { type ArchiveMessage, type ArchiveRequest, archiveRequest } from './messages.js'
import { packPath } from './pack.js'
import { refusing } from './refusal.js'
import { FilesRoot, PathHandle } from './root.js'
import { treeOf } from './tree.js'
import { unpackInto } from './unpack.js'

/** A job that has begun. */
interface Job {
  next?(): void
  take?(bytes: Uint8Array | undefined): void
  stop(why: string): void
}

/**
 * The thread that packs, unpacks, copies and lists. It makes calls to the kernel for each entry; made one by one on the
 * runtime's own thread they would block everybody, and handed to Node's thread pool each takes longer than the call.
 * Several archives take turns, a part of each.
 *
 * @param packLayer packs the layer of an image
 */
export function runArchiveThread(
  packLayer: (layer: FilesRoot, merged: PathHandle) => Generator<Buffer>,
): void {
  const port = parentPort
  if (port === null) throw new Error('not a thread')
  const jobs = new Map<number, Job>()
  const tell = (message: ArchiveMessage) => port.postMessage(message)
  const done = (id: number, error: unknown) => {
    if (!jobs.delete(id)) return
    tell({ what: 'done', id, error: error === undefined ? null : described(error) })
  }
  const finish = (id: number, work: Promise<unknown>) =>
    work.then(
      () => done(id, undefined),
      (error: unknown) => done(id, error ?? new Error('failed')),
    )

  const begin = (request: Extract<ArchiveRequest, { fd: number }>) => {
    const { id } = request
    const root = new FilesRoot(request.fd, request.uidBase, () => {}, request.user)
    if (request.act === 'pack') {
      const { path, handIn } = request
      jobs.set(id, packing(packPath(root, path, { handIn }), path, id, tell, done))
    } else if (request.act === 'pack layer') {
      const merged = new PathHandle(request.merged)
      jobs.set(id, packing(packLayer(root, merged), 'the layer', id, tell, done))
    } else if (request.act === 'unpack') {
      const parts = new Parts(() => tell({ what: 'more', id }))
      jobs.set(id, parts)
      finish(
        id,
        refusing(request.path, () => unpackInto(root, request.path, parts)),
      )
    } else if (request.act === 'list') {
      const { path, depth } = request
      jobs.set(id, { stop: () => {} })
      finish(
        id,
        refusing(path, async () => {
          tell({ what: 'bytes', id, bytes: Buffer.from(JSON.stringify(treeOf(root, path, depth))) })
        }),
      )
    } else {
      const { from, to } = request
      jobs.set(id, { stop: () => {} })
      finish(
        id,
        refusing(from, () => copyTree(root, from, to)),
      )
    }
  }
  port.on('message', (message: unknown) => {
    const request = archiveRequest.parse(message)
    if ('fd' in request) return begin(request)
    const job = jobs.get(request.id)
    if (request.act === 'bytes') job?.take?.(request.bytes)
    else if (request.act === 'end') job?.take?.(undefined)
    else if (request.act === 'next') job?.next?.()
    else job?.stop(request.why)
  })
}

function packing(
  archive: Generator<Buffer>,
  path: string,
  id: number,
  tell: (message: ArchiveMessage) => void,
  done: (id: number, error: unknown) => void,
): Job {
  return {
    next: () => {
      refusing(path, () => archive.next()).then(
        (part) => (part.done ? done(id, undefined) : tell({ what: 'bytes', id, bytes: part.value })),
        (error: unknown) => done(id, error),
      )
    },
    stop: () => {
      archive.return(undefined)
      done(id, undefined)
    },
  }
}

/** The parts of a tar as they arrive. Each is asked for, so that no more than one waits. */
class Parts implements AsyncIterable<Uint8Array> {
  #end: string | undefined
  #part: Uint8Array | undefined
  #ended = false
  #wake = () => {}

  constructor(private readonly more: () => void) {}

  take(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#ended = true
    else this.#part = bytes
    this.#wake()
  }

  stop(why: string): void {
    this.#end = why
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.more()
      while (this.#part === undefined && !this.#ended && this.#end === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      if (this.#end !== undefined) throw new Error(this.#end)
      const part = this.#part
      if (part === undefined) return
      this.#part = undefined
      yield part
    }
  }
}

function described(error: unknown): { code: RuntimeRefusal['code'] | null; message: string } {
  if (error instanceof RuntimeRefusal) return { code: error.code, message: error.message }
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
