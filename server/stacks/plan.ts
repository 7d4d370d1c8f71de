import { z } from 'zod'
import { type CreateSandbox, limits, sandboxId, volumeId } from '../../protocol/api/index.js'
import type { StackMembership } from '../../protocol/node/index.js'
import { composePlan } from './compose/plan.js'

const [composeService] = [composePlan.shape.services.element]
const [composeVolume] = [composePlan.shape.volumes.element]

/** A service with all that it takes to make its sandbox. */
const storedService = composeService.extend({
  template: z.string(),
  limits,
  /** Chosen before it is made, so that one who goes on after a crash makes it once. */
  sandbox: sandboxId,
})
export type StackPlanService = z.infer<typeof storedService>

/** What a stack's row says it is made of. */
export const stackPlan = z.object({
  services: z.array(storedService),
  /** `id` null: made with the stack, or it was there already, under its name. */
  volumes: z.array(composeVolume.extend({ id: volumeId.nullable() })),
})
export type StackPlan = z.infer<typeof stackPlan>

/** What the sandbox of a service is called. */
export const sandboxNameOf = (stack: string, service: string): string => `${stack}-${service}`

/** What is asked for to make it. @param volumes ids of volumes by their keys */
export function sandboxOf(
  stack: string,
  of: StackPlanService,
  volumes: ReadonlyMap<string, string>,
): CreateSandbox {
  const keeps = ['always', 'unless-stopped'].includes(of.service.restart)
  return {
    ...{ template: of.template, name: sandboxNameOf(stack, of.name), limits: of.limits, env: of.env },
    ...{ network: of.internal ? 'none' : 'internet', isolation: 'standard' },
    // One that is put to sleep would be missed by the others.
    ...{ idle: null, restart: keeps ? 'unless-stopped' : 'no', service: of.service },
    volumes: of.mounts.map(({ volume, path, readOnly }) => ({
      ...{ volume: volumes.get(volume) ?? '', path, readOnly },
    })),
    metadata: { stack, service: of.name },
  }
}

export const membershipOf = (id: string, { networks, names }: StackPlanService): StackMembership => ({
  ...{ id, networks, names },
})
