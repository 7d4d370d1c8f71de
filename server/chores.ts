import { keepHouse } from './database/housekeeping.js'
import { forEachNode } from './nodes/each-node.js'
import { NodeHealth } from './nodes/health.js'
import type { ServerNode } from './nodes/node.js'
import { noteOrphanDisks } from './nodes/orphan-disks.js'
import type { Parts } from './parts.js'
import { forgetBlobs, reconcileBlobs } from './registry/reconcile.js'
import { expire, reconcile } from './sandboxes/reconcile.js'
import { restartSandboxes } from './sandboxes/restarts.js'
import { repeat } from './schedule.js'
import { reconcileSnapshots } from './snapshots/reconcile.js'
import { forgetBlobs as forgetSubmissionBlobs } from './submissions/store.js'
import { reconcileTemplates } from './templates/reconcile.js'
import { record } from './usage/meter.js'
import { reconcileVolumes } from './volumes/reconcile.js'

/** Begins what a server does again and again without being asked. */
export function startChores(parts: Parts): AsyncDisposable {
  const {
    nodes,
    callbacks,
    events,
    webhookSender,
    store,
    dispatcher,
    attempts,
    elections,
    database,
    sandboxes,
    log,
  } = parts
  /** What one of all servers does at a time. */
  const elected = (name: string, everyMs: number, act: () => Promise<unknown>) =>
    repeat(name, everyMs, log, () => elections.run(name, async () => void (await act())))
  const chores = [
    forEachNode(nodes, log, (node) => choresOf(node, parts)),
    repeat('telling results of runs', 500, log, () => callbacks.deliver()),
    repeat('giving events their positions', 500, log, () => events.place()),
    repeat('sending events to webhooks', 500, log, () => webhookSender.deliver()),
    repeat('renewing leases of runs', 3000, log, () => dispatcher.renew()),
    repeat('reading which sandboxes are asleep', 60_000, log, () => sandboxes.sleep.learn()),
    repeat('writing down which sandboxes are in use', 5000, log, () => recordActivity(sandboxes)),
    repeat('counting minutes in which students work', 20_000, log, () => sandboxes.activeTime.record()),
    repeat('taking runs that wait', 1000, log, () => dispatcher.takeBack()),
    repeat('taking gradings that wait', 1000, log, () => parts.grader.look()),
    repeat('performing what is due', 2000, log, () => parts.schedules.look()),
    repeat('preparing lessons of timetables', 5000, log, () => parts.warming.look()),
    repeat('keeping what is written in exams', 1000, log, () => parts.keeper.look()),
    repeat('handing in what exams are over for', 1000, log, () => parts.collector.look()),
    repeat('telling learning platforms points', 1000, log, () => parts.services.lti.sender.deliver()),
    elected('comparing grades with what learning platforms know', 1000, () =>
      parts.services.lti.wanted.look(),
    ),
    elected('renewing the key for learning platforms', 3_600_000, () => parts.services.lti.keys.rotate()),
    elected('forgetting attempts to sign in', 60_000, () => attempts.expire()),
    elected('forgetting what has expired in the database', 3_600_000, () => keepHouse(database.pool)),
    elected('forgetting contents of deleted submissions', 600_000, () =>
      forgetSubmissionBlobs(database.pool),
    ),
    elected('forgetting old events', 600_000, () => events.forget()),
    elected('forgetting old runs', 60_000, () => store.expire()),
    elected('freezing and thawing as lessons say', 1000, () => sandboxes.freezer.settleAll()),
    elected('bringing stacks to what is wanted', 500, () => parts.stackDriver.drive()),
    elected('ending builds whose server has died', 10_000, () => parts.services.builds.reconcile()),
    elected('ending transfers whose server has died', 10_000, () => parts.services.transfers.reconcile()),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(chores.map((chore) => chore[Symbol.asyncDispose]()))
      await elections[Symbol.asyncDispose]()
    },
  }
}

async function recordActivity({ activity, sleep }: Parts['sandboxes']): Promise<void> {
  await Promise.all((await activity.record()).map((id) => sleep.rouse(id)))
}

/** What is done for one node. A server that does not reach it leaves it to those that do. */
function choresOf(
  node: ServerNode,
  { nodes, database, sandboxes, elections, log }: Parts,
): AsyncDisposable[] {
  const chore = (name: string, everyMs: number, act: () => Promise<unknown>) =>
    repeat(name, everyMs, log, async () => {
      if (node.state !== 'unreachable' && node.answers) await act()
    })
  const elected = (name: string, everyMs: number, act: () => Promise<unknown>) =>
    chore(name, everyMs, () => elections.run(`${name} ${node.id}`, async () => void (await act())))
  const health = new NodeHealth(database, nodes, node, log)
  const agreeing = 'making rows and sandboxes agree'
  return [
    repeat('asking a node', 2000, log, () => health.look()),
    elected('metering', 10_000, () => record(database, () => node.runtime.list())),
    // Every server looks, and tells its operators; one acts.
    chore(agreeing, 10_000, () => reconcile(database, node, () => elections.hold(`${agreeing} ${node.id}`))),
    elected('making rows and snapshots agree', 10_000, () => reconcileSnapshots(database, node)),
    elected('making rows and templates agree', 10_000, () => reconcileTemplates(database, node, log)),
    elected('making rows and volumes agree', 10_000, () => reconcileVolumes(database, node, log)),
    elected('looking for disks of nobody', 10_000, () => noteOrphanDisks(database, node, log)),
    elected('removing blobs', 10_000, () => reconcileBlobs(database, node)),
    elected('forgetting blobs', 600_000, () => forgetBlobs(database, node)),
    elected('repairing limits', 10_000, () => sandboxes.repair(node, log)),
    elected('starting what has ended by itself', 5000, () =>
      restartSandboxes(database, node, sandboxes, log),
    ),
    elected('putting idle sandboxes to sleep', 10_000, () => sandboxes.sleep.fall(node, log)),
    elected('deleting what has expired', 2000, () => expire(database, node, sandboxes, log)),
  ]
}
