import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../../cli/command.js'
import { isDiskOpen } from '../../runtime/rootfs/disk.js'
import { Child } from '../child.js'
import { clean, requireNothing } from '../clean.js'
import { findLeftovers } from '../leftovers.js'
import { findSupervisor, isRunning, type KnownProcess, takeLock } from '../lock.js'
import { runtimeService } from '../services.js'
import { readSettings, requireRoot, type Settings } from '../settings.js'
import { endInOrder, endSandboxes } from '../supervisor.js'

const sayWaitingEveryMs = 5000

export const down: Command = {
  name: 'down',
  group: 'This machine (needs root)',
  summary: 'Stop Cloche. Sandboxes are stopped and their disks are kept',
  async run() {
    requireRoot('down')
    const settings = readSettings(process.env)
    const supervisor = findSupervisor(settings.run)
    if (supervisor !== undefined) await end(supervisor, settings)
    else if (!(await clearUp(settings))) say(`${settings.instance} does not run`)
    return 0
  },
}

const say = (line: string) => console.log(`cloche: ${line}`)

async function end(supervisor: KnownProcess, settings: Settings): Promise<void> {
  say(`stopping ${settings.instance}`)
  process.kill(supervisor.pid, 'SIGTERM')
  for (let waitedMs = 0; isRunning(supervisor); waitedMs += 50) {
    if (waitedMs > 0 && waitedMs % sayWaitingEveryMs === 0) say(`still stopping: ${waitedMs / 1000} s`)
    await sleep(50)
  }
  using lock = takeLock(settings.run)
  if (lock === undefined) return // one has just started; whoever started it wants it
  // The supervisor may have been killed, or have left something: what it said is in its log only.
  await finish(settings)
}

/** Ends and removes what is left. @throws Failure that names what cannot be */
async function finish(settings: Settings): Promise<void> {
  const processes = findLeftovers(settings.run)
  await endInOrder(processes)
  const left = [...processes]
    .filter(([, one]) => isRunning(one))
    .map(([name, { pid }]) => `${name} (process ${pid})`)
  requireNothing([...left, ...(await clean(settings, say))])
  say('stopped')
}

/** Ends what a supervisor that was killed left. @returns whether there was anything */
async function clearUp(settings: Settings): Promise<boolean> {
  using lock = takeLock(settings.run)
  if (lock === undefined) return false // one has just started; whoever started it wants it
  const left = findLeftovers(settings.run)
  if (left.size === 0 && !(await isDiskOpen(settings.home))) {
    requireNothing(await clean(settings, say))
    return false
  }
  say(`the supervisor was killed; ending what it left: ${[...left.keys()].join(', ') || 'sandboxes'}`)
  await endInOrder(left)
  // Only a runtime knows what its sandboxes are and hold; the one that made them may be dead.
  const runtime = new Child(runtimeService(settings), settings.home, say, () => {})
  await endSandboxes(runtime, settings, say)
  await runtime.stop()
  await finish(settings)
  return true
}
