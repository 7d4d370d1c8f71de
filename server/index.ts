import { existsSync } from 'node:fs'
import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { readConfig } from './config.js'
import { keepHouse } from './database/housekeeping.js'
import { forEachNode } from './nodes/each-node.js'
import { NodeHealth } from './nodes/health.js'
import { servePages } from './pages.js'
import { openParts } from './parts.js'
import { expire, reconcile } from './sandboxes/reconcile.js'
import { repeat } from './schedule.js'
import { createServer } from './server.js'
import { serveTerminals } from './terminals/socket.js'
import { record } from './usage/meter.js'

const config = readConfig(process.env)
const log = createLog('server', config.logLevel)
await runService(log, async () => {
  const parts = openParts(config, log)
  const { nodes, database, sandboxes, callbacks, store, dispatcher } = parts
  const { attempts, principals, watch, elections } = parts
  const app = await createServer(parts)
  if (existsSync('.next/BUILD_ID')) await servePages(app, process.cwd(), new URL(config.publicUrl).host)
  else log.warn('the pages are not built, so there is only the API; bin/build makes them')
  const io = serveTerminals(app.server, {
    principals,
    watch,
    terminals: parts.services.terminals,
    origins: config.origins,
    hosts: config.hosts,
    log: log,
  })
  // Who wants to create something waits for it; nobody else does.
  nodes.all().catch((error: unknown) => log.warn({ error }, 'the nodes were not read yet'))
  await app.listen({ host: config.host, port: config.port })
  /** What one of all servers does at a time. */
  const elected = (name: string, everyMs: number, act: () => Promise<unknown>) =>
    repeat(name, everyMs, log, () => elections.run(name, async () => void (await act())))
  const chores = [
    forEachNode(nodes, log, (node) => {
      const chore = (
        name: string,
        everyMs: number,
        act: (hold: () => Promise<boolean>) => Promise<unknown>,
      ) =>
        repeat(name, everyMs, log, async () => {
          if (node.state !== 'unreachable') await act(() => elections.hold(`${name} ${node.id}`))
        })
      const electedChore = (name: string, everyMs: number, act: () => Promise<unknown>) =>
        elected(`${name} ${node.id}`, everyMs, async () => {
          if (node.state !== 'unreachable') await act()
        })
      const health = new NodeHealth(database, nodes, node, log)
      return [
        repeat('asking a node', 2000, log, () => health.look()),
        electedChore('metering', 10_000, () => record(database, () => node.runtime.list())),
        // Every server looks, and tells its operators; one acts.
        chore('making rows and sandboxes agree', 10_000, (hold) => reconcile(database, node, hold)),
        electedChore('repairing limits', 10_000, () => sandboxes.repair(node, log)),
        electedChore('deleting what has expired', 2000, () => expire(database, node, sandboxes, log)),
      ]
    }),
    repeat('telling results of runs', 500, log, () => callbacks.deliver()),
    repeat('renewing leases of runs', 3000, log, () => dispatcher.renew()),
    repeat('taking runs that wait', 1000, log, () => dispatcher.takeBack()),
    elected('forgetting attempts to sign in', 60_000, () => attempts.expire()),
    elected('forgetting what has expired in the database', 3_600_000, () => keepHouse(database.pool)),
    elected('forgetting old runs', 60_000, () => store.expire()),
  ]
  return async () => {
    await Promise.all(chores.map((chore) => chore[Symbol.asyncDispose]()))
    await elections[Symbol.asyncDispose]()
    await io.close()
    await app.close()
    await parts[Symbol.asyncDispose]()
  }
})
