import { fingerprint } from './pristine.js'
import { type RunDependencies, RunSandbox, type RunSandboxRequest } from './run-sandbox.js'

/** The sandboxes of one run, one after the other. */
export class RunSandboxSeries {
  #number = 1
  /** What the compile steps left, never to be written again. */
  #below: RunSandbox | undefined
  /** What the present sandbox was like when it was new. */
  #fresh: string | undefined

  private constructor(
    private readonly dependencies: RunDependencies,
    private readonly run: RunSandboxRequest,
    public current: RunSandbox,
    /** Files that are written anew before each use, so that their content may change. */
    private readonly rewritten: ReadonlySet<string>,
  ) {}

  /** @param rewritten files that are written anew before each `mark`, from the root, such as `home/user/a` */
  static async open(
    dependencies: RunDependencies,
    run: RunSandboxRequest,
    rewritten: ReadonlySet<string> = new Set(),
  ): Promise<RunSandboxSeries> {
    return new RunSandboxSeries(dependencies, run, await RunSandbox.open(dependencies, run, 0), rewritten)
  }

  /** Makes what steps have written so far the beginning of every sandbox from now on. */
  async settle(): Promise<void> {
    await this.current.freeze()
    this.#below = this.current
    this.current = await this.#open()
  }

  /** Takes note of how the present sandbox is, for `isFresh`. */
  mark(): void {
    this.#fresh = this.#fingerprint()
  }

  /** Whether nothing was changed since `mark`, as far as that can be shown. */
  isFresh(): boolean {
    return this.#fresh !== undefined && this.#fingerprint() === this.#fresh
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

  #fingerprint(): string | undefined {
    return fingerprint(this.dependencies.node, this.current.sandbox, this.rewritten)
  }

  #open(): Promise<RunSandbox> {
    const number = this.#number++
    return this.#below === undefined
      ? RunSandbox.open(this.dependencies, this.run, number)
      : RunSandbox.openOn(this.dependencies, this.run, number, this.#below.sandbox)
  }

  #close(runSandbox: RunSandbox): void {
    runSandbox.close().catch((error: unknown) => {
      this.dependencies.node.log.error({ error, run: this.run.id }, 'the sandbox of a run cannot be removed')
    })
  }
}
