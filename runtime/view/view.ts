import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { type ViewRequest, viewMessage } from './messages.js'

type Request = ViewRequest extends infer One ? (One extends ViewRequest ? Omit<One, 'id'> : never) : never

/**
 * What sandboxes see in place of the host's processors, memory and load: lxcfs over files of /proc and /sys, and their
 * own cgroups at /sys/fs/cgroup. Without lxcfs they run all the same, and see the host's; `problem` says why.
 */
export class ResourceView {
  #problem: string | null = 'lxcfs has not been started yet'
  #ids = 0
  readonly #waiting = new Map<number, (error: string | null) => void>()
  /** Of sandboxes, by their first processes, whose own cgroups are not there yet. */
  readonly #showing = new Map<number, Promise<void>>()

  private constructor(
    private readonly thread: Worker,
    private readonly log: Logger,
  ) {}

  /** @param program the module that calls `runViewThread` in a thread: this program itself */
  static open(
    program: string,
    options: { run: string; cgroup: string; device: string },
    log: Logger,
  ): Promise<ResourceView> {
    const thread = new Worker(new URL(program), { workerData: options, trackUnmanagedFds: false })
    // A runtime that has nothing else to do may end.
    thread.unref()
    const view = new ResourceView(thread, log)
    return new Promise((resolve) => {
      thread.on('message', (message) => {
        view.#hear(message)
        resolve(view)
      })
      thread.once('error', (error) => {
        view.#fail(`the thread that enters sandboxes has failed: ${error.message}`)
        resolve(view)
      })
    })
  }

  /** Why sandboxes see the host's processors, memory and load; null when they see their own. */
  get problem(): string | null {
    return this.#problem
  }

  /**
   * For a sandbox that has just been started, before anything runs in it. Never fails.
   * @param volume where the kernel shows what its disk holds
   */
  prepare(pid: number, volume: string): Promise<void> {
    return this.#ask({ act: 'prepare', pid, volume })
  }

  /** The same for one that has its cgroups already. Never fails. */
  cover(pid: number): Promise<void> {
    return this.#ask({ act: 'cover', pid })
  }

  /** For one that runs already: its files are replaced should the daemon be. Never fails. */
  adopt(pid: number): Promise<void> {
    return this.#ask({ act: 'adopt', pid })
  }

  /**
   * Shows a sandbox its own cgroups, once it is where it stays. A claim does not wait for it; what is started in the
   * sandbox waits for `shown`. Never fails.
   * @param from the cgroup that it was started in
   */
  showCgroups(pid: number, path: string, from: string): void {
    const showing = this.#ask({ act: 'cgroups', pid, path, from }).finally(() => this.#showing.delete(pid))
    this.#showing.set(pid, showing)
  }

  /** Resolves when a sandbox sees its own cgroups. @param pid of its first process */
  async shown(pid: number | undefined): Promise<void> {
    if (pid !== undefined) await this.#showing.get(pid)
  }

  /** Ends the daemon, when no sandbox runs any more. */
  async shutdown(): Promise<void> {
    await this.#ask({ act: 'shutdown' })
  }

  /** Ends the thread. The daemon goes on. */
  async close(): Promise<void> {
    await this.thread.terminate()
  }

  async #ask(request: Request): Promise<void> {
    const id = ++this.#ids
    const error = await new Promise<string | null>((resolve) => {
      this.#waiting.set(id, resolve)
      this.thread.postMessage({ ...request, id })
    })
    if (error !== null) this.log.warn({ act: request.act, problem: error }, 'a sandbox sees the host')
  }

  #hear(message: unknown): void {
    const heard = viewMessage.parse(message)
    if ('problem' in heard) {
      if (heard.problem !== null) this.log.warn({ problem: heard.problem }, 'sandboxes see the host')
      this.#problem = heard.problem
      return
    }
    this.#waiting.get(heard.id)?.(heard.error)
    this.#waiting.delete(heard.id)
  }

  #fail(problem: string): void {
    this.log.error({ problem }, 'sandboxes see the host')
    this.#problem = problem
    for (const answer of this.#waiting.values()) answer(problem)
    this.#waiting.clear()
  }
}
