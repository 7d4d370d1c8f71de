import { own, theirs } from '../rules.js'
import { must, stackBody, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

const stack = ({ stackId }: Victim): Call => ({ path: { id: stackId } })
const stackName = () => `stack-${Math.random().toString(36).slice(2)}`
/** One that takes no room: the rows are made in no order. */
const newStack = async ({ callers }: World) =>
  String((await must(callers.owner, 'POST', '/api/v1/stacks', stackBody(stackName()))).id)

/** Stacks and their logs. */
export const stackRows: Readonly<Record<string, Row>> = {
  createStack: { rule: own, call: () => ({ body: stackBody(stackName()) }) },
  listStacks: {
    rule: own,
    call: ({ stackId }) => ({ query: { cursor: stackId } }),
    fresh: () => ({}),
  },
  getStack: { rule: theirs, call: stack },
  startStack: { rule: theirs, call: stack },
  stopStack: { rule: theirs, call: stack },
  followStackLogs: {
    rule: theirs,
    call: (victim) => ({ ...stack(victim), query: { follow: 'false' } }),
  },
  deleteStack: {
    rule: theirs,
    call: stack,
    fresh: async (world) => ({ path: { id: await newStack(world) } }),
  },
}
