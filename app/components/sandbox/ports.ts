'use client'

import { z } from 'zod'
import { type Port, port, type Sandbox } from '../../lib/protocol'
import { useResource } from '../../lib/resource'

const list = z.object({ ports: z.array(port) })
/** A program that begins to listen is shown within this. */
const everyMs = 1000

export interface Ports {
  /** None of a sandbox that does not run, or is hardened. */
  readonly ports: readonly Port[]
  readonly error: Error | undefined
  readonly refresh: () => Promise<unknown>
}

/** The ports at which programs of a sandbox listen, and those that are shared. */
export function usePorts({ id, state, isolation }: Sandbox): Ports {
  const seen = state === 'running' && isolation !== 'hardened'
  const { data, error, mutate } = useResource(seen ? `/sandboxes/${id}/ports` : null, list, { everyMs })
  return seen
    ? { ports: data?.ports ?? [], error, refresh: mutate }
    : { ports: [], error: undefined, refresh: mutate }
}
