import { parentPort } from 'node:worker_threads'
import { codeOf } from '../files/refusal.js'
import { PathHandle } from '../files/root.js'
import { type WatchMessage, type WatchRequest, watchRequest } from './messages.js'
import type { Budget } from './tree.js'
import { Watched } from './watched.js'

/** Between two rounds. One costs a system call for each watch where nothing happens. */
const roundMs = 20
/** What one watch has of a round, so that others are told in time. */
const turnMs = 5
/** Marks keep directories in the kernel's memory, some 2 KiB each. */
const directoriesMax = 200_000

/**
 * The thread that reads the events of watched directories. Everything here is a call to the kernel, of which there are
 * as many as tenants like; the runtime's own thread hears of batches only.
 */
export function runWatchThread(): void {
  const port = parentPort
  if (port === null) throw new Error('not a thread')
  const tell = (message: WatchMessage) => port.postMessage(message)
  const watches = new Map<number, Watched>()
  const budget: Budget = { left: directoriesMax }
  let running = false

  const end = (id: number, error: Extract<WatchMessage, { what: 'ended' }>['error'] = null) => {
    watches.get(id)?.[Symbol.dispose]()
    watches.delete(id)
    tell({ what: 'ended', id, error })
  }
  const round = () => {
    for (const [id, watched] of watches) {
      try {
        watched.step(performance.now() + turnMs)
      } catch {
        // The kernel had no room, or the disk an error: the tree is read anew later.
        watched.failed()
      }
      if (watched.ended) end(id)
    }
    running = watches.size > 0
    if (running) setTimeout(round, roundMs)
  }
  const begin = ({ id, fd, ...options }: Extract<WatchRequest, { act: 'begin' }>) => {
    try {
      const watched = new Watched(new PathHandle(fd), options, budget, (event) =>
        tell({ what: 'event', id, event }),
      )
      watches.set(id, watched)
      tell({ what: 'begun', id })
      if (!running) setTimeout(round, 0)
      running = true
    } catch (error) {
      end(id, described(error))
    }
  }
  port.on('message', (message: unknown) => {
    const request = watchRequest.parse(message)
    if (request.act === 'begin') begin(request)
    else if (watches.has(request.id)) end(request.id)
  })
}

function described(error: unknown): Extract<WatchMessage, { what: 'ended' }>['error'] {
  const code = codeOf(error)
  if (code === 'EOPNOTSUPP' || code === 'ENOSYS' || code === 'EINVAL') {
    return { code: 'conflict', message: 'this node cannot watch files: it needs Linux 6.6 or later' }
  }
  if (code === 'EMFILE' || code === 'ENOMEM' || code === 'ENOSPC') {
    return {
      code: 'rate_limited',
      message: 'this node watches as many directories as it can: try again later',
    }
  }
  return { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
