import { Socket } from 'node:net'
import type { ExitStatus } from '../../protocol/api/index.js'
import { OutputPipe } from '../linux/output-pipe.js'
import type { Reaper } from '../linux/process.js'
import { kill, type StartedPiped } from './start.js'

/** Bytes of the longest words that an OCI runtime writes when it loses a process. */
const maxLostCommand = 400

export type OutputStream = 'stdout' | 'stderr'
/** @param pipe can be paused while whoever is told cannot take more */
export type Take = (stream: OutputStream, bytes: Buffer, pipe: OutputPipe) => void

/** A process with pipes, from its start on. Execs, the steps of runs and processes that are attached to are each one. */
export class PipedProcess {
  /** A process that ends without reading its input breaks the pipe; its exit status tells the rest. */
  readonly stdin: Socket
  readonly #outputs: Readonly<Record<OutputStream, OutputPipe>>
  #killed = false

  constructor(
    readonly started: StartedPiped,
    private readonly reaper: Reaper,
  ) {
    this.stdin = new Socket({ fd: started.stdin, readable: false, writable: true })
    this.stdin.on('error', () => this.stdin.destroy())
    this.#outputs = { stdout: new OutputPipe(started.stdout), stderr: new OutputPipe(started.stderr) }
  }

  /** Hands on what it writes, as it comes. To be called once. */
  read(take: Take): void {
    const { lostCommand } = this.started.place.ociRuntime
    const { stdout, stderr } = this.#outputs
    stdout.open((bytes) => take('stdout', bytes, stdout))
    stderr.open((bytes) => {
      if (bytes.length > maxLostCommand || !lostCommand?.test(bytes.toString())) take('stderr', bytes, stderr)
    })
  }

  /** Calls `act` when nobody can write to its stdout any more, and all of that was handed on; at its end at the latest. */
  onSilence(act: () => void): void {
    this.#outputs.stdout.onClose(act)
  }

  pause(): void {
    for (const pipe of Object.values(this.#outputs)) pipe.pause()
  }

  resume(): void {
    for (const pipe of Object.values(this.#outputs)) pipe.resume()
  }

  /** Kills it and its descendants. */
  kill(): void {
    this.#killed = true
    kill(this.started)
  }

  /** Resolves when the process itself has ended, whoever still holds its output. */
  async exit(): Promise<ExitStatus> {
    const { pid, place } = this.started
    const status = await this.reaper.wait(pid)
    // Some OCI runtimes tell of a signal as shells do, by an exit code; here it is known which it was.
    const byCode = this.#killed && status.exitCode === 128 + 9
    const lost = place.ociRuntime.lostCommand !== undefined && status.exitCode === 128 && !place.isAlive()
    return byCode || lost ? { exitCode: null, signal: 'SIGKILL' } : status
  }

  /**
   * Hands on all that was written until now, and nothing after it. For the moment after its end.
   * @returns the pipes that others still hold
   */
  finish(): OutputPipe[] {
    this.stdin.destroy()
    return Object.values(this.#outputs).filter((pipe) => pipe.finish())
  }

  /** Closes our ends of its pipes. */
  close(): void {
    this.stdin.destroy()
    for (const pipe of Object.values(this.#outputs)) pipe.close()
  }
}
