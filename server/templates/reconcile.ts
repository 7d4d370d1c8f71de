import type { Logger } from 'pino'
import { z } from 'zod'
import { nodeTemplateName, templateIdOf } from '../../protocol/api/index.js'
import { unlistedTemplates } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { NodeOfPass } from '../nodes/node.js'
import { budgetOfPass } from '../nodes/pass.js'

/** Whoever makes a template says so more often than this, or has died. */
const unfinishedMs = 600_000

/**
 * Makes rows and templates of one node agree, after either side was killed: what was being made goes, and on the node what has no
 * row, if that is known to have been deleted, a few in one pass. Anything else stays, and is told.
 */
export async function reconcileTemplates(database: Database, node: NodeOfPass, log: Logger): Promise<void> {
  if (node.pairing.status.state !== 'paired') return
  const { prisma } = database
  const { names } = await node.runtime.ask('GET', '/templates/unlisted', unlistedTemplates)
  const before = new Date(Date.now() - unfinishedMs)
  await prisma.template.deleteMany({ where: { nodeId: node.id, ready: false, touchedAt: { lt: before } } })
  const ids = names.flatMap((name) => templateIdOf(name) ?? [])
  if (ids.length === 0) return
  const known = await prisma.template.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const deleted = await prisma.deletedTemplate.findMany({ where: { id: { in: ids } } })
  const [rows, gone] = [new Set(known.map(({ id }) => id)), new Set(deleted.map(({ id }) => id))]
  let left = budgetOfPass(ids.length)
  for (const id of ids.filter((one) => !rows.has(one))) {
    if (gone.has(id) && left-- <= 0) continue
    if (gone.has(id)) {
      await node.runtime.ask('DELETE', `/templates/${nodeTemplateName(id)}?used=true`, z.unknown())
    } else
      log.error({ id, node: node.id }, 'the node has a template that the database does not know; it stays')
  }
}
