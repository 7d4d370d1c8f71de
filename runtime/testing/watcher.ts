import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Terminal } from '@xterm/headless'
import { type ExitStatus, exitStatus, terminalSize } from '../../protocol/api/index.js'
import {
  type Attached,
  attached,
  encodeAck,
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  frameType,
} from '../../protocol/node/index.js'
import { feed, freshTerminal } from '../terminal/screen.js'

/** One client of a terminal at the runtime's attach stream, with an emulator that draws what it is sent. */
export interface Watcher extends Disposable {
  readonly line: Duplex
  /** Every header, the first one first. */
  readonly headers: readonly Attached[]
  /** Sizes that it was told of. */
  readonly sizes: readonly { cols: number; rows: number }[]
  /** All output that came as such, without screens. */
  output(): Buffer
  /** Number of the byte that comes next. */
  readonly seq: number
  readonly exit: ExitStatus | undefined
  type(text: string | Uint8Array): void
  /** Tells what fits; with `claim` false the terminal need not take it. */
  resize(cols: number, rows: number, claim?: boolean): void
  /** From now on everything is acknowledged as it comes, and what came already is. */
  acknowledge(): void
  /** From now on nothing is. */
  stall(): void
  /** Resolves once `done` holds. @throws when it does not within a minute, or the line ends before, with what came */
  until(done: () => boolean, what: string): Promise<void>
  /** Resolves when `text` is in the output after byte `since` of what this watcher got. */
  sees(text: string, since?: number): Promise<void>
  /** Whether what the emulator answers a program's questions is typed, as a page does. At first not. */
  answering: boolean
  /** The emulator, after all that has come. */
  screen(): Promise<Terminal>
}

/** However busy the machine is. */
const patienceMs = 60_000

/**
 * @param options.acknowledging everything as it comes, unless false;
 * `drawing` through an emulator, if true, and `answering` as it does
 */
export async function watch(
  socketPath: string,
  path: string,
  options: { acknowledging?: boolean; drawing?: boolean; answering?: boolean; keep?: boolean } = {},
): Promise<Watcher> {
  const line = await upgrade(socketPath, path)
  const decoder = new FrameDecoder()
  const headers: Attached[] = []
  const sizes: { cols: number; rows: number }[] = []
  const output: Buffer[] = []
  const keep = options.keep ?? true
  let acknowledging = options.acknowledging ?? true
  let seq = 0
  let screens = 0
  let exit: ExitStatus | undefined
  let emulator: Terminal | undefined
  let drawn: Promise<void> = Promise.resolve()
  let look = () => {}
  const draw = (step: () => Promise<void> | void) => {
    if (options.drawing) drawn = drawn.then(step)
  }
  const take = ({ type, payload }: Frame) => {
    if (type === frameType.attached) {
      const header = attached.parse(JSON.parse(payload.toString()))
      headers.push(header)
      seq = header.seq
      if (header.screen || headers.length === 1) {
        draw(async () => {
          emulator = await freshTerminal({ cols: header.cols, rows: header.rows })
          emulator.onData((answer) => {
            if (watcher.answering) watcher.type(answer)
          })
        })
      }
    } else if (type === frameType.screen || type === frameType.stdout) {
      draw(() => (emulator === undefined ? undefined : feed(emulator, payload)))
      if (type === frameType.screen) {
        screens++
        return
      }
      seq += payload.length
      if (keep) output.push(payload)
      if (acknowledging) line.write(encodeAck(seq))
    } else if (type === frameType.resize) {
      const size = terminalSize.parse(JSON.parse(payload.toString()))
      sizes.push(size)
      draw(() => emulator?.resize(size.cols, size.rows))
    } else if (type === frameType.exit) {
      exit = exitStatus.parse(JSON.parse(payload.toString()))
    }
  }
  line.on('error', () => line.destroy())
  line.on('close', () => look())
  line.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) take(frame)
    look()
  })
  const until: Watcher['until'] = (done, what) =>
    new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        clearTimeout(late)
        look = () => {}
        act()
      }
      const fail = (why: string) => {
        const last = JSON.stringify(Buffer.concat(output).toString().slice(-200))
        end(() =>
          reject(new Error(`${why}: ${what}. Exit: ${JSON.stringify(exit)}; the last output: ${last}`)),
        )
      }
      const late = setTimeout(() => fail(`not within ${patienceMs} ms`), patienceMs)
      look = () => {
        if (done()) end(resolve)
        else if (line.destroyed) fail('the line ended before')
      }
      look()
    })
  const watcher: Watcher = {
    ...{ line, headers, sizes, until, answering: options.answering ?? false },
    output: () => Buffer.concat(output),
    get seq() {
      return seq
    },
    get exit() {
      return exit
    },
    type: (text) => void line.write(encodeFrame(frameType.stdin, Buffer.from(text))),
    resize: (cols, rows, claim = true) =>
      void line.write(encodeJsonFrame(frameType.resize, { cols, rows, claim })),
    acknowledge: () => {
      acknowledging = true
      line.write(encodeAck(seq))
    },
    stall: () => {
      acknowledging = false
    },
    sees: (text, since = 0) =>
      until(() => Buffer.concat(output).includes(text, since), `${JSON.stringify(text)} in the output`),
    screen: async () => {
      await drawn
      if (emulator === undefined) throw new Error('this watcher draws nothing')
      return emulator
    },
    [Symbol.dispose]: () => line.destroy(),
  }
  await until(() => headers.length > 0, 'a header')
  await until(() => screens > 0 || headers[0]?.screen === false, 'a screen')
  return watcher
}

/** @throws with the status code when the terminal is not there */
export function upgrade(socketPath: string, path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'cloche-process' }
    const outgoing = request({ socketPath, path, headers, agent: false })
    outgoing.once('error', reject).once('response', (answer) => reject(new Error(`${answer.statusCode}`)))
    outgoing.once('upgrade', (_, line, head) => {
      line.unshift(head)
      resolve(line)
    })
    outgoing.end()
  })
}
