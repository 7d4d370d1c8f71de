import { io } from 'socket.io-client'
import type { ClientToServer, ServerToClient, SocketAck, SocketAttached } from '../protocol/api/index.js'

/** A terminal in front of which a program sits. */
export interface Seat extends AsyncDisposable {
  type(text: string): void
  /** Hears the length of everything that comes. */
  onBytes: (bytes: number) => void
}

/**
 * Opens a new terminal of a sandbox of Cloche, over its socket.
 * @param who a token in `auth`, or the headers of a session
 * @throws Error when the socket or the terminal is refused
 */
export async function sitAtTerminal(
  url: string,
  who:
    | { readonly auth: { readonly token: string } }
    | { readonly extraHeaders: Readonly<Record<string, string>> },
  sandboxId: string,
): Promise<Seat> {
  const socket = io(`${url}/terminals`, { ...who, transports: ['websocket'], forceNew: true })
  let terminalId = ''
  const seat = {
    type: (text: string) => void socket.emit('input', terminalId, Buffer.from(text)),
    onBytes: (_: number) => {},
    [Symbol.asyncDispose]: async () => void socket.disconnect(),
  }
  const output: ServerToClient['output'] = (of, seq, bytes) => {
    socket.emit('ack' satisfies keyof ClientToServer, of, seq + bytes.length)
    seat.onBytes(bytes.length)
  }
  socket.on('output', output)
  const attached = await new Promise<SocketAttached>((resolve, reject) => {
    socket.once('connect_error', reject)
    socket.once('connect', () => {
      socket.emit('open', { sandboxId, cols: 80, rows: 24 }, (ack: SocketAck<SocketAttached>) =>
        ack.ok ? resolve(ack) : reject(new Error(ack.error.message)),
      )
    })
  })
  terminalId = attached.terminalId
  return seat
}

/** Types a key. Resolves when something has come back. */
export function answered(seat: Seat, key: string): Promise<void> {
  return new Promise((resolve) => {
    seat.onBytes = () => resolve()
    seat.type(key)
  })
}
