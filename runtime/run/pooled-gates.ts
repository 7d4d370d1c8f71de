import { startTime } from '../linux/process.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Record } from '../sandbox/record.js'
import { type Command, closeGate, commandText, type Gate, startWaiting } from './gate.js'

type Waiting = Omit<Gate, 'open'>

/**
 * A gate in each sandbox that waits for a run, for the first program after the claim: whoever comes need not wait for
 * a process to be put inside.
 */
export class PooledGates {
  readonly #ready = new Map<string, { readonly gate: Waiting; readonly began: number | undefined }>()

  constructor(private readonly node: () => NodeContext) {}

  /** Puts one into a sandbox of the pool. Never fails: without one a run makes its own, or says why it cannot. */
  async prepare(box: Record): Promise<void> {
    const node = this.node()
    try {
      const gate = await startWaiting(node, box, 'user')
      this.#ready.set(box.id, { gate, began: startTime(gate.pid) })
      // Whoever takes it waits for its end; until then somebody must, or it stays a zombie.
      void node.reaper.wait(gate.pid).then(() => {
        if (this.#ready.get(box.id)?.gate !== gate) return
        this.#ready.delete(box.id)
        closeGate(gate)
      })
    } catch (error) {
      node.log.info({ error, id: box.id }, 'a pooled sandbox has no gate')
    }
  }

  /** The gate that waits in a sandbox, on its way to become `command`; it is the caller's then. */
  take(box: Record, command: Command): Gate | undefined {
    const ready = this.#ready.get(box.id)
    if (ready === undefined || startTime(ready.gate.pid) !== ready.began) return undefined
    this.#ready.delete(box.id)
    return { ...ready.gate, open: commandText(box, command, false) }
  }
}
