import { z } from 'zod'
import { createSnapshot, forkSandbox } from '../../../protocol/api/index.js'
import { tool } from '../tool.js'
import { sandbox } from './sandbox.js'
import { lineOf } from './sandboxes.js'

export const takeSnapshot = tool(
  {
    name: 'take_snapshot',
    title: 'Take a snapshot',
    description:
      'Keeps the disk of a sandbox as it is now, without copying it; programs go on. Files only, no memory. create_sandbox with the id of the snapshot begins from there. Take one before something risky.',
    input: z.strictObject({
      sandbox,
      name: createSnapshot.shape.name.describe('no other snapshot has it; made up if absent'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  },
  async ({ who, services }, { sandbox, ...wanted }) => {
    const { id, name, sizeBytes } = await services.snapshots.create(who, sandbox, wanted)
    return `took ${id} ${JSON.stringify(name)}, ${Math.ceil(sizeBytes / 1024 ** 2)} MiB; create_sandbox with snapshot ${id} begins from it`
  },
)

export const fork = tool(
  {
    name: 'fork_sandbox',
    title: 'Fork a sandbox',
    description:
      'Makes a new sandbox with the same files as another one has at this moment, to try something without changing that one. Programs that run are not part of it.',
    input: z.strictObject({ sandbox, name: forkSandbox.shape.name.describe('of the new sandbox') }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  },
  async ({ who, services }, { sandbox, ...wanted }) => {
    const made = await services.snapshots.fork(who, sandbox, forkSandbox.parse(wanted))
    return `forked ${sandbox}: ${made.map(lineOf).join('\n')}`
  },
)
