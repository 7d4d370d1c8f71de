import { z } from 'zod'
import { createSandbox, networkPolicy, type SandboxWithUsage } from '../../../protocol/api/index.js'
import { tool } from '../tool.js'
import { sandbox } from './sandbox.js'

const { template, snapshot, name } = createSandbox.shape

/** One line for each: what a model needs to choose one, and to use it. */
export function lineOf({
  id,
  name,
  state,
  template,
  network,
  expiresAt,
  metadata,
  failure,
}: SandboxWithUsage) {
  const reaches = typeof network === 'string' ? network : network.allow.join(' ')
  return [
    ...[id, JSON.stringify(name), failure === null ? state : `${state} (${failure})`],
    ...[`template ${template}`, `network ${reaches}`],
    ...(expiresAt === null ? [] : [`deleted at ${expiresAt}`]),
    ...(Object.keys(metadata).length === 0 ? [] : [`metadata ${JSON.stringify(metadata)}`]),
  ].join(', ')
}

export const create = tool(
  {
    name: 'create_sandbox',
    title: 'Create a sandbox',
    description:
      'Creates an isolated Linux sandbox with a disk of its own and answers with its id, which the other tools need. ' +
      'Use it for work with several steps: files and programs that run stay until it is deleted. For one program without files, run_code is faster. ' +
      'Commands run as the user `user` in /home/user; sudo works. Give `minutes` for temporary work, and delete what is not needed any more: it counts against the quota.',
    input: z.strictObject({
      template: template.describe(
        'what is installed, such as base or code; of a wrong name you are told which there are',
      ),
      snapshot: snapshot.describe(
        'id of a snapshot (take_snapshot) whose disk it begins with, instead of a template',
      ),
      name: name.describe('for people; made up if absent'),
      network: networkPolicy
        .optional()
        .describe(
          'internet; none; or {"allow": ["pypi.org", "files.pythonhosted.org"]} for only these hosts. If absent: internet, or as much as the key allows',
        ),
      minutes: z
        .int()
        .min(1)
        .max(525_600)
        .optional()
        .describe('it is deleted with all its files this long after its creation; kept if absent'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  },
  async ({ who, services }, { minutes, network = who.keyLimits?.network, ...wanted }) => {
    const body = { ...wanted, network, ...(minutes === undefined ? {} : { ttlSeconds: minutes * 60 }) }
    return `created ${lineOf(await services.sandboxes.create(who, createSandbox.parse(body)))}`
  },
)

export const list = tool(
  {
    name: 'list_sandboxes',
    title: 'List sandboxes',
    description:
      'Lists the sandboxes there are, newest first, one a line: id, name, state, template, network. One that is paused or stopped keeps its files; one that sleeps wakes when it is used.',
    input: z.strictObject({
      limit: z.int().min(1).max(100).default(50),
      cursor: z.string().min(1).max(128).optional().describe('from the end of the page before'),
    }),
    annotations: { readOnlyHint: true },
  },
  async ({ who, services }, page) => {
    const { items, nextCursor } = await services.sandboxes.list(who, page)
    if (items.length === 0) return 'there are no sandboxes; create_sandbox makes one'
    const more = nextCursor === null ? [] : [`there are more: list_sandboxes with cursor ${nextCursor}`]
    return [items.map(lineOf).join('\n'), ...more]
  },
)

export const remove = tool(
  {
    name: 'delete_sandbox',
    title: 'Delete a sandbox',
    description:
      'Ends everything that runs in a sandbox and deletes its disk, for good. take_snapshot before it keeps the files.',
    input: z.strictObject({ sandbox }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  },
  async ({ who, services }, { sandbox }) => {
    await services.sandboxes.remove(who, sandbox)
    return `deleted ${sandbox}`
  },
)
