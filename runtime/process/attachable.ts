import type { Duplex } from 'node:stream'
import type { ExitStatus, SandboxProcess, SignalName } from '../../protocol/api/index.js'
import { inputBeginsMs, outputLogBytes } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import { endBy } from './deadline.js'
import type { DrainPace } from './drain-pace.js'
import { Follower, patienceMs } from './follower.js'
import type { HeldProcess } from './held.js'
import { type InputSink, takeInput } from './input.js'
import type { LateOutput } from './late-output.js'
import { Listeners } from './listeners.js'
import { OutputLog } from './output-log.js'
import type { PipedProcess } from './piped.js'
import { insidePid, signalAll } from './start.js'

/** A piece that long is more than what programs say now and then. */
const pacedFromBytes = 4096

/** A process with pipes that anybody who may can attach to, again and again. It does not need anybody. */
export class AttachableProcess implements HeldProcess {
  readonly #log = new OutputLog(outputLogBytes)
  readonly #followers = new Set<Follower>()
  readonly #createdAt = new Date().toISOString()
  /** Who waits to send more input. */
  readonly #room: (() => void)[] = []
  readonly #inputClosed = new Listeners()
  #exit: ExitStatus | null = null
  #timedOut = false
  /** Its output waits to be drained: nobody reads it. */
  #paced = false
  #patience: NodeJS.Timeout | undefined
  /** Runs while nobody has sent anything to one that ends with its input. */
  #firstLine: NodeJS.Timeout | undefined
  readonly ended: Promise<void>

  /**
   * @param wanted `stdin` false: it reads the end of file at once; `endsWithInput`: whoever started it is gone when its
   * line is
   */
  constructor(
    readonly id: string,
    readonly sandboxId: string,
    private readonly wanted: {
      command: string
      stdin: boolean
      endsWithInput?: boolean
      timeoutMs?: number | undefined
    },
    private readonly process: PipedProcess,
    lateOutput: LateOutput,
    private readonly pace: DrainPace,
  ) {
    if (!wanted.stdin) process.stdin.end()
    const room = () => {
      for (const done of this.#room.splice(0)) done()
    }
    process.stdin.on('drain', room).once('close', () => {
      room()
      this.#inputClosed.happen()
    })
    process.read((stream, bytes) => {
      this.#log.push(stream, bytes)
      if (this.#followers.size === 0 && bytes.length >= pacedFromBytes) this.#waitForPace()
      this.#send()
    })
    if (wanted.endsWithInput) this.#firstLine = setTimeout(() => this.close(), inputBeginsMs)
    const timeOut = () => {
      this.#timedOut = true
      process.kill()
    }
    this.ended = endBy(process.exit(), wanted.timeoutMs, timeOut).then((status) => {
      clearTimeout(this.#firstLine)
      for (const pipe of process.finish()) lateOutput.keep(process.started.place.container, pipe)
      this.#exit = status
      this.#send()
    })
  }

  get seq(): number {
    return this.#log.end
  }

  get exited(): boolean {
    return this.#exit !== null
  }

  describeProcess(): SandboxProcess {
    const { id, sandboxId, wanted, exited } = this
    return {
      ...{ id, sandboxId, command: wanted.command, tty: null },
      stdin: !exited && !this.process.stdin.destroyed && !this.process.stdin.writableEnded,
      pid: exited ? null : insidePid(this.process.started),
      ...{ firstSeq: this.#log.start, seq: this.#log.end, createdAt: this.#createdAt },
      ...{ exit: this.#exit, timedOut: this.#timedOut },
    }
  }

  /** @param since the first byte that is wanted; what is kept, when that is gone or not said */
  attach(line: Duplex, since: number | undefined): void {
    const follower = new Follower(line, this.#log, Math.max(since ?? 0, this.#log.start))
    this.#followers.add(follower)
    line.on('drain', () => {
      follower.pump(this.#exit)
      this.#regulate()
    })
    line.once('close', () => {
      this.#followers.delete(follower)
      this.#regulate()
    })
    // Whoever says nothing any more has left: nobody only listens.
    line.once('end', () => line.destroy()).resume()
    this.#send()
  }

  takeInput(line: Duplex): void {
    const { stdin } = this.process
    const closed = () => stdin.destroyed || stdin.writableEnded
    const sink: InputSink = {
      get open() {
        return !closed()
      },
      write: (bytes, taken) => stdin.write(bytes, (error) => !error && taken()),
      onRoom: (done) => void this.#room.push(done),
      onClosed: (act) => this.#inputClosed.add(act),
      end: () => void stdin.end(),
    }
    clearTimeout(this.#firstLine)
    if (this.wanted.endsWithInput) line.once('close', () => this.close())
    takeInput(line, sink)
  }

  signal(name: SignalName): Promise<void> {
    return signalAll(this.process.started, name)
  }

  resize(): void {
    throw new RuntimeRefusal('invalid_request', 'the process has no terminal: start it with `tty`')
  }

  close(): void {
    if (!this.exited) this.process.kill()
  }

  #send(): void {
    for (const follower of this.#followers) follower.pump(this.#exit)
    this.#regulate()
  }

  #waitForPace(): void {
    if (this.#paced) return
    this.#paced = true
    this.pace.wait(this.sandboxId, () => {
      this.#paced = false
      this.#regulate()
    })
  }

  /** Reads the process's output only while nobody who is waited for is too far behind. */
  #regulate(): void {
    if (this.exited) return
    const held = [...this.#followers].some((follower) => follower.holds)
    clearTimeout(this.#patience)
    if (this.#paced) this.process.pause()
    else if (held) {
      this.process.pause()
      this.#patience = setTimeout(() => this.#regulate(), patienceMs / 4).unref()
    } else this.process.resume()
  }
}
