import { closeSync } from 'node:fs'
import { insideEnvironment, processSpec } from '../container/spec.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Record } from '../sandbox/record.js'
import { type Spawned, spawnInside } from '../sandbox/spawn.js'

const open = Buffer.from('\n')

/** A shell reads a pipe one byte at a time, so that it leaves the rest to the program which it becomes. */
const wait = 'read -r _ && exec "$@"'
const waitThenDrop =
  'read -r _ && exec setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"'

/** A process that waits inside, and what makes it go. */
export interface Gate extends Spawned {
  /** What it reads first; what follows is the program's stdin. */
  readonly open: Buffer
}

/** What a gate becomes. */
export interface Command {
  readonly args: readonly string[]
  readonly env: Readonly<globalThis.Record<string, string>>
}

/**
 * Starts a process inside that waits: it becomes `command` when it reads a line. Meanwhile it is put where it
 * is to be counted, so neither its birth nor crun's work is charged to the program.
 *
 * @param guarded it waits as root, whom no program of a run can signal or trace, and drops to the user only
 *   then. For starting a case while the one before still runs.
 */
export async function startGate(
  node: NodeContext,
  box: Record,
  command: Command,
  guarded: boolean,
): Promise<Gate> {
  const spec = processSpec({
    args: ['/bin/sh', '-c', guarded ? waitThenDrop : wait, 'sh', ...command.args],
    env: insideEnvironment('user', box.env, command.env),
    cwd: '/home/user',
    user: guarded ? 'root' : 'user',
    noNewPrivileges: true,
  })
  return { ...(await spawnInside(node, box, spec, 'user')), open }
}

/** Ends a gate that is not needed: the end of its input is a line it never reads. */
export async function dropGate(node: NodeContext, gate: Spawned): Promise<void> {
  for (const fd of [gate.stdin, gate.stdout, gate.stderr]) closeSync(fd)
  await node.reaper.wait(gate.pid)
}
