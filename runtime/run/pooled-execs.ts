import { startTime } from '../linux/process.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { type Command, closeStaged, commandText, type StagedExec, startWaiting } from './staged-exec.js'

type Waiting = Omit<StagedExec, 'open'>

/**
 * A staged exec in each sandbox that waits for a run, for the first program after the claim: whoever comes need not wait for
 * a process to be put inside.
 */
export class PooledExecs {
  readonly #ready = new Map<string, { readonly staged: Waiting; readonly began: number | undefined }>()

  constructor(private readonly node: () => NodeContext) {}

  /** Puts one into a sandbox of the pool. Never fails: without one a run makes its own, or says why it cannot. */
  async prepare(sandbox: SandboxRecord): Promise<void> {
    const node = this.node()
    try {
      const staged = await startWaiting(node, sandbox, 'user')
      this.#ready.set(sandbox.id, { staged: staged, began: startTime(staged.pid) })
      // Whoever takes it waits for its end; until then somebody must, or it stays a zombie.
      void node.reaper.wait(staged.pid).then(() => {
        if (this.#ready.get(sandbox.id)?.staged !== staged) return
        this.#ready.delete(sandbox.id)
        closeStaged(staged)
      })
    } catch (error) {
      node.log.info({ error, id: sandbox.id }, 'a pooled sandbox has no staged exec')
    }
  }

  /** The staged exec that waits in a sandbox, on its way to become `command`; it is the caller's then. */
  take(sandbox: SandboxRecord, command: Command): StagedExec | undefined {
    const ready = this.#ready.get(sandbox.id)
    if (ready === undefined || startTime(ready.staged.pid) !== ready.began) return undefined
    this.#ready.delete(sandbox.id)
    return { ...ready.staged, open: commandText(sandbox, command, false) }
  }
}
