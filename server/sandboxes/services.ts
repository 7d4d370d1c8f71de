import { z } from 'zod'
import { type CreateSandbox, service } from '../../protocol/api/index.js'
import { type Claim, type StackMembership, stackMembership } from '../../protocol/node/index.js'
import type { Row } from './ownership.js'

/** Of a sandbox that is made for a stack. */
export interface InStack {
  readonly stackId: string
  /** Where the stack is. */
  readonly nodeId: string
  readonly membership: StackMembership
}

/** What the row of a sandbox says of its service. */
const sandboxService = z.object({
  service: service.extend({ wanted: z.boolean() }).optional(),
  stack: stackMembership.optional(),
})

/** What is written into the row of a new sandbox. Those of a stack are started when it is their turn. */
export function serviceOf(
  { service: wanted }: Pick<CreateSandbox, 'service'>,
  inStack: InStack | undefined,
): z.infer<typeof sandboxService> | null {
  if (wanted === undefined && inStack === undefined) return null
  return {
    ...(wanted === undefined ? {} : { service: { ...wanted, wanted: inStack === undefined } }),
    ...(inStack === undefined ? {} : { stack: inStack.membership }),
  }
}

/** The same for its claim. */
export const claimedService = ({
  service: stored,
}: Pick<Row, 'service'>): Pick<Claim, 'service' | 'stack'> =>
  stored === null ? {} : sandboxService.parse(stored)
