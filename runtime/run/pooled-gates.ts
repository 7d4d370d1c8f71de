import { closeSync } from 'node:fs'
import { insideEnvironment, processSpec } from '../container/spec.js'
import { startTime } from '../linux/process.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Record } from '../sandbox/record.js'
import { type Spawned, spawnInside } from '../sandbox/spawn.js'
import type { Command, Gate } from './gate.js'

/** The one line that it reads says what it becomes. A line cannot hold its own end, so that has a name. */
const script = `nl='\n'; IFS= read -r line && eval "$line"`
/** A shell reads a pipe byte by byte, for what follows is the program's: a longer line takes longer than a new gate. */
const longestLine = 4096

/**
 * A gate in each sandbox that waits for a run, for the first program after the claim: whoever comes need not wait for
 * a process to be put inside.
 */
export class PooledGates {
  readonly #ready = new Map<string, { readonly gate: Spawned; readonly began: number | undefined }>()

  constructor(private readonly node: () => NodeContext) {}

  /** Puts one into a sandbox of the pool. Never fails: without one a run makes its own, or says why it cannot. */
  async prepare(box: Record): Promise<void> {
    const node = this.node()
    const spec = processSpec({
      ...{ args: ['/bin/sh', '-c', script], env: insideEnvironment('user', {}, {}), cwd: '/home/user' },
      ...{ user: 'user', noNewPrivileges: true },
    })
    try {
      const gate = await spawnInside(node, box, spec, 'user')
      this.#ready.set(box.id, { gate, began: startTime(gate.pid) })
      // Whoever takes it waits for its end; until then somebody must, or it stays a zombie.
      void node.reaper.wait(gate.pid).then(() => {
        if (this.#ready.get(box.id)?.gate !== gate) return
        this.#ready.delete(box.id)
        for (const fd of [gate.stdin, gate.stdout, gate.stderr]) closeSync(fd)
      })
    } catch (error) {
      node.log.info({ error, id: box.id }, 'a pooled sandbox has no gate')
    }
  }

  /** The gate that waits in a sandbox, on its way to become `command`; it is the caller's then. */
  take(box: Record, command: Command): Gate | undefined {
    const ready = this.#ready.get(box.id)
    if (ready === undefined || startTime(ready.gate.pid) !== ready.began) return undefined
    const open = lineOf(command, insideEnvironment('user', box.env, command.env))
    if (open.length > longestLine) return undefined
    this.#ready.delete(box.id)
    return { ...ready.gate, open }
  }
}

function lineOf({ args }: Command, env: readonly string[]): Buffer {
  const variables = env.map((entry) => {
    const at = entry.indexOf('=')
    return `${entry.slice(0, at)}=${quoted(entry.slice(at + 1))}`
  })
  return Buffer.from(`export ${variables.join(' ')}; exec ${args.map(quoted).join(' ')}\n`)
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`).replaceAll('\n', `'"$nl"'`)}'`
