import { setTimeout as sleep } from 'node:timers/promises'
import { foreign, staffOwn, staffTheirs } from '../rules.js'
import { must, stackBody, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

const stack = ({ stackId }: Victim): Call => ({ path: { id: stackId } })
const stackName = () => `stack-${Math.random().toString(36).slice(2)}`
const newStack = async ({ callers }: World) =>
  String((await must(callers.owner, 'POST', '/api/v1/stacks', stackBody(stackName()))).id)

/** Nothing is started, stopped or deleted any more. */
async function settled({ callers }: World): Promise<void> {
  for (;;) {
    const { items } = await must(callers.owner, 'GET', '/api/v1/stacks?limit=100')
    if (!items.some(({ state }: { state: string }) => /ing$/.test(state) && state !== 'running')) return
    await sleep(100)
  }
}

/** Stacks and their logs. */
export const stackRows: Readonly<Record<string, Row>> = {
  createStack: {
    rule: staffOwn,
    but: { strangerKey: 409, operatorKey: 409 },
    why: 'a name is free once in each tenant, and these come second',
    call: () => ({ body: stackBody('confidential') }),
    fresh: () => ({ body: stackBody(stackName()) }),
    settles: settled,
  },
  planStack: {
    rule: staffOwn,
    call: () => ({ body: stackBody('confidential') }),
    fresh: () => ({ body: stackBody('confidential') }),
  },
  listStacks: {
    rule: staffOwn,
    but: foreign(400),
    why: 'the cursor names what is not theirs',
    call: ({ stackId }) => ({ query: { cursor: stackId } }),
    fresh: () => ({}),
  },
  getStack: { rule: staffTheirs, call: stack },
  startStack: { rule: staffTheirs, call: stack, settles: settled },
  stopStack: { rule: staffTheirs, call: stack, settles: settled },
  followStackLogs: {
    rule: staffTheirs,
    call: (victim) => ({ ...stack(victim), query: { follow: 'false' } }),
  },
  deleteStack: {
    rule: staffTheirs,
    call: stack,
    fresh: async (world) => ({ path: { id: await newStack(world) } }),
    settles: settled,
  },
}
