import type {
  CreateSandbox,
  Limits,
  LimitsRequest,
  NetworkPolicy,
  UpdateSandbox,
} from '../../protocol/api/index.js'
import { beyondLimit, type Limited, limitsForbid } from './key-limits.js'

type Who = Pick<Limited, 'keyLimits'>

const sized = ['cpus', 'memoryMiB', 'diskMiB'] as const

export const allowsTemplate = ({ keyLimits }: Who, template: string): boolean =>
  keyLimits?.templates?.includes(template) ?? true

/** @throws ApiError `forbidden` */
export function assertTemplateWithin(who: Who, template: string): void {
  if (allowsTemplate(who, template)) return
  const allowed = who.keyLimits?.templates?.join(', ')
  throw beyondLimit('templates', `may use ${allowed}, and not ${template}`)
}

/** @throws ApiError `forbidden` */
export function assertNetworkWithin({ keyLimits }: Who, network: NetworkPolicy): void {
  const most = keyLimits?.network
  if (most === undefined || reaches(most, network)) return
  const hosts = typeof most === 'string' ? most : most.allow.join(', ')
  throw beyondLimit('network', `allows at most ${hosts}; ask for that, or for less`)
}

/** Whether `most` allows what `wanted` does. */
function reaches(most: NetworkPolicy, wanted: NetworkPolicy): boolean {
  if (most === 'internet' || wanted === 'none') return true
  if (most === 'none' || wanted === 'internet') return false
  return wanted.allow.every((host) => most.allow.includes(host))
}

/** @throws ApiError `forbidden`, also when a sandbox is to stay for ever */
export function assertLifetimeWithin({ keyLimits }: Who, ttlSeconds: number | null): void {
  const most = keyLimits?.ttlSeconds
  if (most === undefined || (ttlSeconds !== null && ttlSeconds <= most)) return
  throw beyondLimit('ttlSeconds', `makes sandboxes for ${most} s at most, counted from their creation`)
}

/** Swap is memory that is slower. @throws ApiError `forbidden` */
export function assertSizeWithin({ keyLimits }: Who, limits: LimitsRequest): void {
  if (keyLimits === null) return
  for (const part of sized) {
    const most = keyLimits[part]
    const wanted = (limits[part] ?? 0) + (part === 'memoryMiB' ? (limits.swapMiB ?? 0) : 0)
    if (most !== undefined && wanted > most) {
      throw beyondLimit(part, `allows ${most} at most, and this requests ${wanted}`)
    }
  }
}

/** Volumes are shared with sandboxes that the key has nothing to do with. @throws ApiError `forbidden` */
export function assertNoVolumes(who: Who, volumes: readonly unknown[] | undefined): void {
  if (who.keyLimits === null || volumes === undefined || volumes.length === 0) return
  throw limitsForbid('has limits, and with any of them mounts no volumes')
}

/** What a template or snapshot says for what nobody asks for, as far as a key allows it. */
export function defaultsWithin({ keyLimits }: Who, defaults: LimitsRequest): LimitsRequest {
  if (keyLimits === null) return defaults
  const lowered = { ...defaults }
  for (const part of sized) {
    const [most, had] = [keyLimits[part], defaults[part]]
    if (most !== undefined && had !== undefined) lowered[part] = Math.min(most, had)
  }
  const { memoryMiB, swapMiB } = lowered
  if (keyLimits.memoryMiB !== undefined && memoryMiB !== undefined && swapMiB !== undefined) {
    lowered.swapMiB = Math.min(swapMiB, keyLimits.memoryMiB - memoryMiB)
  }
  return lowered
}

/**
 * A new sandbox of a key with limits, but for its template. How many there are at once is counted by the database
 * (`bound_key`), with its row.
 * @throws ApiError `forbidden` that names the limit
 */
export function assertCreationWithin(
  who: Who,
  wanted: Pick<CreateSandbox, 'network' | 'volumes'>,
  made: { readonly limits: Limits; readonly ttlSeconds: number | null },
): void {
  assertNetworkWithin(who, wanted.network)
  assertSizeWithin(who, made.limits)
  assertLifetimeWithin(who, made.ttlSeconds)
  assertNoVolumes(who, wanted.volumes)
}

/** The same for what is changed of one that is there. @param limits with those that stay */
export function assertChangeWithin(
  who: Who,
  { network, ttlSeconds, volumes, limits }: UpdateSandbox,
  after: Limits,
): void {
  if (network !== undefined) assertNetworkWithin(who, network)
  if (ttlSeconds !== undefined) assertLifetimeWithin(who, ttlSeconds)
  if (limits !== undefined) assertSizeWithin(who, after)
  assertNoVolumes(who, volumes)
}
