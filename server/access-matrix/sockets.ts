import { io, type Socket } from 'socket.io-client'
import { expect } from 'vitest'
import type {
  ClientToServer,
  ServerToClient,
  SocketAck,
  SocketAttached,
  SocketOpen,
} from '../../protocol/api/index.js'
import type { Caller } from './rules.js'
import { limits, must, type Victim, type World } from './world.js'

/** Where a new event needs a row. */
export const socketsWhere = 'server/access-matrix/sockets.ts'

export type Line = Socket<ServerToClient, ClientToServer>

/** A socket as one caller opens it: with the cookie, or with the key as the handshake's token. */
export function connect({ url, callers, tokens }: World, caller: Caller): Promise<Line> {
  const token = tokens[caller]
  return new Promise((resolve, reject) => {
    const line: Line = io(`${url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      ...(token === undefined ? { extraHeaders: callers[caller].extraHeaders } : { auth: { token } }),
    })
    const refused = (error: Error) => {
      line.disconnect()
      reject(error)
    }
    line.once('connect', () => resolve(line)).once('connect_error', refused)
  })
}

export const opened = (line: Line, request: Omit<SocketOpen, 'cols' | 'rows'>) =>
  new Promise<SocketAck<SocketAttached>>((resolve) =>
    line.emit('open', { cols: 80, rows: 24, ...request }, resolve),
  )

/** Nothing is answered to it. */
const sent = (_: Line): SocketAck<object>[] => []

const closed = (line: Line, terminalId: string) =>
  new Promise<SocketAck<object>>((resolve) => line.emit('close', terminalId, resolve))

/** A line that is attached to a terminal, with what it is sent of it. */
export async function view(line: Line, sandboxId: string, terminalId: string) {
  const seen = { text: '', cols: 0, exited: false }
  line.on('output', (id, seq, bytes) => {
    if (id !== terminalId) return
    seen.text += Buffer.from(bytes).toString('latin1')
    line.emit('ack', id, seq + bytes.length)
  })
  line.on('resized', (id, cols) => {
    if (id === terminalId) seen.cols = cols
  })
  line.on('exit', (id) => {
    if (id === terminalId) seen.exited = true
  })
  expect(await opened(line, { sandboxId, terminalId })).toMatchObject({ ok: true })
  const type = (text: string) => line.emit('input', terminalId, Buffer.from(text))
  const sees = (what: RegExp) => expect.poll(() => seen.text, { timeout: 15_000 }).toMatch(what)
  return { seen, type, sees }
}

export interface Attempt {
  readonly line: Line
  readonly victim: Victim
  /** A sandbox and a terminal of the caller. */
  readonly ownSandbox: string
  readonly ownTerminal: string
}

/** A sandbox and a terminal of a caller's own tenant. */
export async function terminalOf({ callers }: World, caller: Caller) {
  const who = callers[caller]
  const { id } = await must(who, 'POST', '/api/v1/sandboxes', { limits, network: 'none' })
  const opened = await must(who, 'POST', `/api/v1/sandboxes/${id}/terminals`, {})
  return { ownSandbox: String(id), ownTerminal: String(opened.id) }
}

export interface SocketRow {
  /** What an outsider tries with the victim's ids. Each answer must be a refusal; what has none is without effect. */
  readonly attempt: (attempt: Attempt) => Promise<SocketAck<object>[]>
  /** The same by somebody who may; throws when it has no effect. `viewer` is the owner at the same terminal. */
  readonly works: (line: Line, id: Ids, viewer: Viewer) => Promise<void>
  /** By whom the sandbox is shared with to look at; throws when it is more than looking, or less. */
  readonly looks: (line: Line, id: Ids, viewer: Viewer) => Promise<void>
}
interface Ids {
  readonly sandboxId: string
  readonly terminalId: string
}
const forbidden = { ok: false, error: { code: 'forbidden' } }
/** What has no answer has been dealt with when what the owner types after it is there. */
const afterwards = async (line: Line, id: Ids, viewer: Viewer) => {
  expect(await opened(line, id)).toMatchObject({ ok: true, mayType: false })
  const word = `after-${line.id}`
  viewer.type(`echo "it-"'${word}'\n`)
  await viewer.sees(new RegExp(`it-${word}`))
}
export type Viewer = Awaited<ReturnType<typeof view>>

/** Every event of a socket: what strangers may not do with it, and that members may. */
export const socketTable: Readonly<Record<string, SocketRow>> = {
  open: {
    attempt: ({ line, victim: { sandboxId, terminalId }, ownSandbox, ownTerminal }) =>
      Promise.all([
        opened(line, { sandboxId }),
        opened(line, { sandboxId, terminalId }),
        opened(line, { sandboxId, terminalId, since: 0 }),
        opened(line, { sandboxId, user: 'root' }),
        // Their own sandbox does not open somebody else's terminal, nor the other way round.
        opened(line, { sandboxId: ownSandbox, terminalId }),
        opened(line, { sandboxId, terminalId: ownTerminal }),
      ]),
    works: async (line, id) => expect(await opened(line, id)).toMatchObject({ ok: true }),
    looks: async (line, id) => {
      expect(await opened(line, id)).toMatchObject({ ok: true, mayType: false })
      expect(await opened(line, { sandboxId: id.sandboxId })).toMatchObject(forbidden)
      expect(await opened(line, { sandboxId: id.sandboxId, user: 'root' })).toMatchObject(forbidden)
    },
  },
  input: {
    attempt: async ({ line, victim }) =>
      sent(line.emit('input', victim.terminalId, Buffer.from('echo intruder\n'))),
    works: async (line, { sandboxId, terminalId }, viewer) => {
      await opened(line, { sandboxId, terminalId })
      const word = line.id ?? ''
      line.emit('input', terminalId, Buffer.from(`echo "by-"'${word}'\n`))
      await viewer.sees(new RegExp(`by-${word}`))
    },
    looks: async (line, id, viewer) => {
      await opened(line, id)
      for (let times = 0; times < 20; times++) line.emit('input', id.terminalId, Buffer.from('echo looker\n'))
      await afterwards(line, id, viewer)
      expect(viewer.seen.text).not.toContain('looker')
    },
  },
  resize: {
    attempt: async ({ line, victim }) => sent(line.emit('resize', victim.terminalId, 33, 11)),
    works: async (line, { sandboxId, terminalId }, { seen }) => {
      await opened(line, { sandboxId, terminalId })
      const cols = seen.cols === 101 ? 102 : 101
      line.emit('resize', terminalId, cols, 30)
      await expect.poll(() => seen.cols, { timeout: 5000 }).toBe(cols)
    },
    looks: async (line, id, viewer) => {
      const { cols } = viewer.seen
      await opened(line, id)
      line.emit('resize', id.terminalId, 33, 11)
      line.emit('resize', id.terminalId, 33, 11, true)
      await afterwards(line, id, viewer)
      expect(viewer.seen.cols).toBe(cols)
    },
  },
  ack: {
    attempt: async ({ line, victim }) => sent(line.emit('ack', victim.terminalId, Number.MAX_SAFE_INTEGER)),
    // More than may be on its way without acknowledgements.
    works: async (line, { sandboxId, terminalId }) => {
      const own = await view(line, sandboxId, terminalId)
      own.type('yes | head -c 1500000; echo "all-"of-it\n')
      await own.sees(/all-of-it/)
    },
    looks: async (line, id, viewer) => {
      const own = await view(line, id.sandboxId, id.terminalId)
      viewer.type('yes | head -c 1500000; echo "all-"of-it\n')
      await own.sees(/all-of-it/)
    },
  },
  detach: {
    attempt: async ({ line, victim }) => sent(line.emit('detach', victim.terminalId)),
    works: async (line, { sandboxId, terminalId }, viewer) => {
      const own = await view(line, sandboxId, terminalId)
      line.emit('detach', terminalId)
      const word = `${line.id}-is-gone`
      viewer.type(`echo "and-"'${word}'\n`)
      await viewer.sees(new RegExp(`and-${word}`))
      expect(own.seen.text).not.toContain(`and-${word}`)
    },
    looks: async (line, id, viewer) => {
      await opened(line, id)
      line.emit('detach', id.terminalId)
      await afterwards(line, id, viewer)
    },
  },
  close: {
    attempt: async ({ line, victim }) => [await closed(line, victim.terminalId)],
    works: async (line, { sandboxId, terminalId }, { seen }) => {
      await opened(line, { sandboxId, terminalId })
      expect(await closed(line, terminalId)).toEqual({ ok: true })
      await expect.poll(() => seen.exited, { timeout: 5000 }).toBe(true)
    },
    looks: async (line, id, viewer) => {
      await opened(line, id)
      expect(await closed(line, id.terminalId)).toMatchObject(forbidden)
      await afterwards(line, id, viewer)
      expect(viewer.seen.exited).toBe(false)
    },
  },
  enter: {
    attempt: async ({ line, victim }) => [await entered(line, victim.sandboxId)],
    works: async (line, { sandboxId }) => {
      expect(await entered(line, sandboxId)).toMatchObject({ ok: true })
    },
    looks: async (line, { sandboxId }) => {
      const told = new Promise((resolve) => line.once('people', (_, people) => resolve(people.at(-1))))
      const here = await entered(line, sandboxId)
      expect(here).toMatchObject({ ok: true })
      // Whoever came last is the last of them.
      expect(await told).toMatchObject({ id: 'id' in here ? here.id : '', mayType: false })
    },
  },
  tell: {
    attempt: async ({ line, victim, ownSandbox }) => {
      await entered(line, ownSandbox)
      return [await told(line, victim.sandboxId, 'edit'), await told(line, victim.sandboxId, 'have')]
    },
    works: async (line, { sandboxId }) => {
      await entered(line, sandboxId)
      expect(await told(line, sandboxId, 'edit')).toMatchObject({ ok: true })
      expect(await told(line, sandboxId, 'have')).toMatchObject({ ok: true })
    },
    looks: async (line, { sandboxId }) => {
      await entered(line, sandboxId)
      expect(await told(line, sandboxId, 'edit')).toMatchObject(forbidden)
      expect(await told(line, sandboxId, 'have')).toMatchObject({ ok: true })
    },
  },
  leave: {
    attempt: async ({ line, victim }) => sent(line.emit('leave', victim.sandboxId)),
    works: leaves,
    looks: leaves,
  },
}

const entered = (line: Line, sandboxId: string) =>
  new Promise<SocketAck<object>>((resolve) =>
    line.emit('enter', { sandboxId, files: ['/home/user/diary'] }, resolve),
  )

const told = (line: Line, sandboxId: string, kind: 'edit' | 'have') => {
  const file = { path: '/home/user/diary', text: { id: 'x', since: 0 }, bytes: Buffer.from([0]) }
  const edit = { change: 0, part: 0, parts: 1, whole: false }
  const have = { version: '', digest: '', hidden: false, answer: true }
  const frame = kind === 'edit' ? { kind, ...file, ...edit } : { kind, ...file, ...have }
  return new Promise<SocketAck<object>>((resolve) => line.emit('tell', sandboxId, frame, resolve))
}

/** Whoever has left is told nothing of who comes, and can come again. */
async function leaves(line: Line, { sandboxId }: { sandboxId: string }): Promise<void> {
  const first = await entered(line, sandboxId)
  line.emit('leave', sandboxId)
  const again = await entered(line, sandboxId)
  expect(again).toMatchObject({ ok: true })
  expect(again).not.toEqual(first)
}
