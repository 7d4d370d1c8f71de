import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Logger } from '../common/log.js'
import {
  type ExitStatus,
  exitStatus,
  type SignalName,
  sandboxProcess,
  type startProcess,
} from '../protocol/api/index.js'
import { type Api, Refused, readOnly } from './api.js'
import { readEvents } from './events.js'

/** Where the programs of one connection run. */
export interface Shell {
  readonly api: Api
  readonly sandboxId: string
  readonly home: string
  /** The connection has ended. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/** What a program writes is read on from where it broke off, as often as this, while nothing comes. */
const triesToRead = 5
const againMs = 500

const output = z.object({ seq: z.number(), data: z.base64() })

/** A program that runs in the sandbox. */
export class Program {
  readonly #path: string

  private constructor(
    private readonly shell: Shell,
    id: string,
  ) {
    this.#path = `/sandboxes/${shell.sandboxId}/processes/${id}`
  }

  /** @throws Refused */
  static async start(shell: Shell, wanted: z.input<typeof startProcess>): Promise<Program> {
    const { api, sandboxId, signal } = shell
    const path = `/sandboxes/${sandboxId}/processes`
    const { id } = await api.json(sandboxProcess, { method: 'POST', path, json: wanted, signal })
    return new Program(shell, id)
  }

  /**
   * Hands on what it writes, as fast as that is taken.
   * @returns how it ended; undefined when `signal` came first, or its output cannot be read any more
   */
  async read(
    write: (from: 'stdout' | 'stderr', bytes: Buffer) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ExitStatus | undefined> {
    const { api, log } = this.shell
    let seq = 0
    for (let tries = 0; tries < triesToRead && !signal.aborted; tries++) {
      try {
        const query = { since: seq }
        const { body } = await api.send({ method: 'GET', path: `${this.#path}/output`, query, signal })
        for await (const { event, data } of readEvents(body)) {
          if (signal.aborted) return undefined
          if (event === 'exit') return exitStatus.parse(JSON.parse(data))
          if (event !== 'stdout' && event !== 'stderr' && event !== 'screen') continue
          const said = output.parse(JSON.parse(data))
          const bytes = Buffer.from(said.data, 'base64')
          seq = said.seq + (event === 'screen' ? 0 : bytes.length)
          tries = 0
          await write(event === 'stderr' ? 'stderr' : 'stdout', bytes)
        }
      } catch (error) {
        if (signal.aborted) return undefined
        if (error instanceof Refused && error.status < 500) throw error
        log.warn({ error }, 'the output of a program broke off')
      }
      await sleep(againMs)
    }
    return undefined
  }

  /**
   * Sends it what comes, as fast as it reads.
   * @param close it reads the end of file afterwards
   */
  async send(input: Readable, close: boolean, signal: AbortSignal): Promise<void> {
    const query = { close }
    const body = readOnly(input)
    body.on('error', () => {}) // as the call says
    try {
      const call = { method: 'POST', path: `${this.#path}/stdin`, query, body, signal } as const
      await this.shell.api.done(call)
    } catch (error) {
      // It ended, or reads no more: that is no error of whoever writes.
      if (signal.aborted || (error instanceof Refused && error.status < 500)) return
      throw error
    } finally {
      // What is left is nobody's, and the channel closes only when it was read.
      input.resume()
    }
  }

  async signal(signal: SignalName): Promise<void> {
    await this.#tell('signal', { signal })
  }

  async resize(cols: number, rows: number): Promise<void> {
    await this.#tell('resize', { cols, rows })
  }

  async #tell(what: string, json: object): Promise<void> {
    try {
      await this.shell.api.done({ method: 'POST', path: `${this.#path}/${what}`, json })
    } catch (error) {
      if (!(error instanceof Refused)) this.shell.log.warn({ error }, `a program was not told: ${what}`)
    }
  }
}

/**
 * Writes to a channel, and waits until it is sent: two writes that wait for the window of one channel, to its output and its errors,
 * are one too many for the library.
 * @returns also when the channel closes
 */
export async function writeTo(stream: Writable, bytes: Buffer, closed: AbortSignal): Promise<void> {
  if (closed.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      closed.removeEventListener('abort', done)
      resolve()
    }
    closed.addEventListener('abort', done)
    stream.write(bytes, done)
  })
}

const execAnswer = z.object({ exitCode: z.number().nullable(), stderr: z.string() })

/**
 * Runs a short command, and waits for it.
 * @throws Refused; Error with what it said when it failed
 */
export async function runShort({ api, sandboxId, signal }: Shell, command: string[]): Promise<void> {
  const { exitCode, stderr } = await api.json(execAnswer, {
    ...{ method: 'POST', path: `/sandboxes/${sandboxId}/exec`, json: { command }, signal },
  })
  if (exitCode !== 0) throw new Error(stderr.trim().slice(0, 500) || `it ended with ${exitCode}`)
}
