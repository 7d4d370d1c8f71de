import type { Socket } from 'socket.io'
import {
  type ClientToServer,
  type ServerToClient,
  type SharedFrame,
  type SocketAck,
  sandboxId,
  sharedFrame,
  socketEnter,
} from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import { ApiError, notFound } from '../errors.js'
import { Pace } from './pace.js'
import type { Entered, Presence } from './presence.js'

/** Workspaces of one connection. */
const maxEntered = 16
/** What a connection was sent and has not taken yet. */
const untaken = { frames: 2000, bytes: 8 * 1024 * 1024 }

type Line = Pick<Socket<ClientToServer, ServerToClient>, 'on' | 'once' | 'emit' | 'disconnected'>

/** Who is where, for one connection. @param refusal what a call that fails is answered */
export function serveTogether(
  socket: Line,
  who: Principal,
  presence: Presence,
  refusal: (error: unknown) => Extract<SocketAck<object>, { ok: false }>,
): void {
  const entered = new Map<string, Promise<Entered>>()
  const pace = new Pace()
  const waiting = { frames: 0, bytes: 0 }
  /** Whoever takes nothing loses frames instead of filling the memory here; windows ask for what they lack. */
  const told = (id: string, from: string, frame: SharedFrame) => {
    const { length } = frame.bytes
    if (waiting.frames >= untaken.frames || waiting.bytes + length > untaken.bytes) return
    waiting.frames++
    waiting.bytes += length
    socket.emit('told', id, from, frame, () => {
      waiting.frames--
      waiting.bytes -= length
    })
  }
  const enter: ClientToServer['enter'] = async (request, answer) => {
    try {
      const wanted = socketEnter.parse(request)
      const id = wanted.sandboxId
      const known = entered.get(id)
      if (known !== undefined) {
        const one = await known
        one.change(wanted.files)
        return answer({ ok: true, id: one.id })
      }
      if (entered.size >= maxEntered) {
        throw new ApiError('conflict', `a connection can be in at most ${maxEntered} workspaces`)
      }
      const entering = presence.enter(
        who,
        wanted,
        {
          people: (people) => socket.emit('people', id, people),
          told: (from, frame) => told(id, from, frame),
        },
        () => {
          entered.delete(id)
          socket.emit('people', id, [])
        },
      )
      entered.set(id, entering)
      entering.catch(() => entered.delete(id))
      const one = await entering
      if (socket.disconnected) one.leave()
      answer({ ok: true, id: one.id })
    } catch (error) {
      answer(refusal(error))
    }
  }
  const tell: ClientToServer['tell'] = async (id, frame, answer) => {
    try {
      const said = sharedFrame.parse(frame)
      pace.take(said.bytes.length)
      const one = await entered.get(id)
      if (one === undefined) throw notFound('sandbox')
      answer({ ok: true, reached: one.tell(said) })
    } catch (error) {
      answer(refusal(error))
    }
  }
  const leave = (id: string) => {
    const one = entered.get(id)
    entered.delete(id)
    one?.then(
      (found) => found.leave(),
      () => {}, // it was refused
    )
  }
  socket.on('enter', (request, answer) => {
    if (typeof answer === 'function') void enter(request, answer)
  })
  socket.on('tell', (id, frame, answer) => {
    if (typeof answer === 'function') void tell(id, frame, answer)
  })
  socket.on('leave', (id) => {
    if (sandboxId.safeParse(id).success) leave(id)
  })
  socket.once('disconnect', () => {
    for (const id of entered.keys()) leave(id)
  })
}
