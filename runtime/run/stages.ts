import type { RuntimeRun } from '../../protocol/index.js'
import { fingerprint } from './pristine.js'
import { Stage, type Theatre } from './stage.js'

/** The sandboxes of one run, one after the other. */
export class Stages {
  #number = 1
  /** What the compile steps left, never to be written again. */
  #below: Stage | undefined
  /** What the present stage was like when it was new. */
  #fresh: string | undefined

  private constructor(
    private readonly theatre: Theatre,
    private readonly run: RuntimeRun,
    public current: Stage,
  ) {}

  static async open(theatre: Theatre, run: RuntimeRun): Promise<Stages> {
    return new Stages(theatre, run, await Stage.open(theatre, run, 0))
  }

  /** Makes what steps have written so far the beginning of every stage from now on. */
  async settle(): Promise<void> {
    await this.current.freeze()
    this.#below = this.current
    this.current = await this.#open()
  }

  /** Takes note of how the present stage is, for `isFresh`. */
  mark(): void {
    this.#fresh = fingerprint(this.theatre.node, this.current.box)
  }

  /** Whether nothing was changed since `mark`, as far as that can be shown. */
  isFresh(): boolean {
    return this.#fresh !== undefined && fingerprint(this.theatre.node, this.current.box) === this.#fresh
  }

  /** Another sandbox with the same beginning. */
  async renew(): Promise<void> {
    this.#close(this.current)
    this.current = await this.#open()
  }

  /** Destroys them all, when whoever waits for the run has its answer. */
  close(): void {
    setImmediate(() => {
      this.#close(this.current)
      if (this.#below !== undefined && this.#below !== this.current) this.#close(this.#below)
    })
  }

  #open(): Promise<Stage> {
    const number = this.#number++
    return this.#below === undefined
      ? Stage.open(this.theatre, this.run, number)
      : Stage.openOn(this.theatre, this.run, number, this.#below.box)
  }

  #close(stage: Stage): void {
    stage.close().catch((error: unknown) => {
      this.theatre.node.log.error({ error, run: this.run.id }, 'the sandbox of a run cannot be removed')
    })
  }
}
