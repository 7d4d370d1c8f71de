import type { Duplex } from 'node:stream'
import { type ExitStatus, exitStatus, maxInputBytes } from '../../protocol/api/index.js'
import {
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  frameType,
  processAttached,
  type StdinTaken,
  stdinTaken,
} from '../../protocol/node/index.js'
import { upgrade } from './watcher.js'

/** Somebody who reads a process's output. */
export interface OutputReader extends Disposable {
  readonly line: Duplex
  /** Where it began, and where it went on after each gap. */
  readonly starts: readonly number[]
  /** Pieces in the order in which they came. */
  readonly pieces: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[]
  /** All of one stream. */
  text(stream: 'stdout' | 'stderr'): string
  readonly bytes: number
  /** Resolves when the line has ended. */
  readonly ended: Promise<ExitStatus | undefined>
}

/** Attaches to a process at `path` of a runtime. @param query such as `?since=5` */
export async function readOutput(
  socketPath: string,
  path: string,
  query = '',
  keep = true,
): Promise<OutputReader> {
  const line = await upgrade(socketPath, `${path}/attach${query}`)
  const decoder = new FrameDecoder()
  const starts: number[] = []
  const pieces: { stream: 'stdout' | 'stderr'; text: string }[] = []
  let bytes = 0
  let exit: ExitStatus | undefined
  line.on('data', (chunk: Buffer) => {
    for (const { type, payload } of decoder.push(chunk)) {
      if (type === frameType.attached) starts.push(processAttached.parse(JSON.parse(payload.toString())).seq)
      else if (type === frameType.exit) exit = exitStatus.parse(JSON.parse(payload.toString()))
      else if (type === frameType.stdout || type === frameType.stderr) {
        bytes += payload.length
        const stream = type === frameType.stderr ? 'stderr' : 'stdout'
        if (keep) pieces.push({ stream, text: payload.toString('latin1') })
      }
    }
  })
  const ended = new Promise<ExitStatus | undefined>((resolve) => {
    line.once('error', () => line.destroy()).once('close', () => resolve(exit))
  })
  return {
    ...{ line, starts, pieces, ended },
    text: (stream) =>
      pieces
        .filter((piece) => piece.stream === stream)
        .map(({ text }) => text)
        .join(''),
    get bytes() {
      return bytes
    },
    [Symbol.dispose]: () => void line.destroy(),
  }
}

/** Somebody who sends a process input. */
export interface InputWriter extends Disposable {
  /** Resolves when there is room for more. */
  write(bytes: Buffer): Promise<void>
  /** Says that this was all. @returns what became of it */
  end(close: boolean): Promise<StdinTaken>
  /** Resolves when the process reads no more. */
  readonly answered: Promise<StdinTaken>
}

/** Opens a line for the input of the process at `path` of a runtime. */
export async function writeInput(socketPath: string, path: string): Promise<InputWriter> {
  const line = await upgrade(socketPath, `${path}/stdin`)
  const decoder = new FrameDecoder()
  const answered = new Promise<StdinTaken>((resolve, reject) => {
    line.on('data', (chunk: Buffer) => {
      for (const { payload } of decoder.push(chunk)) resolve(stdinTaken.parse(JSON.parse(payload.toString())))
    })
    line.once('error', reject).once('close', () => reject(new Error('the line ended')))
  })
  answered.catch(() => {}) // who waits for it hears of it
  return {
    answered,
    async write(bytes) {
      for (let at = 0; at < bytes.length && line.writable; at += maxInputBytes) {
        const room = line.write(encodeFrame(frameType.stdin, bytes.subarray(at, at + maxInputBytes)))
        if (!room && line.writable) await turn(line)
      }
    },
    end(close) {
      line.write(encodeJsonFrame(frameType.stdinEnd, { close }))
      return answered
    },
    [Symbol.dispose]: () => void line.destroy(),
  }
}

/** Resolves when a line takes more, or has ended. */
function turn(line: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      line.off('drain', go).off('close', go)
      resolve()
    }
    line.on('drain', go).on('close', go)
  })
}
