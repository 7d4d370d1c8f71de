import { z } from 'zod'

/** Names in one allowlist. Each is resolved again and again, so their number is the node's work. */
const maxNames = 64

/**
 * A host name that an allowlist may hold: ASCII, at least two labels, no wildcard, no address and no range.
 * One trailing dot is dropped and capitals become small, as DNS does.
 */
export const allowedHost = z
  .string()
  .max(254)
  .toLowerCase()
  .overwrite((name) => name.replace(/\.$/, ''))
  .refine((name) => !name.includes('*'), 'must not contain a wildcard: list each name')
  .refine(
    (name) => !/^[0-9.]+(\/\d+)?$/.test(name) && !/[:/]/.test(name),
    'must be a name, not an address or a range',
  )
  .regex(
    /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/,
    'is not a full host name (international names are written in their xn-- form)',
  )

/**
 * What a sandbox may reach. `none`: nothing, not even DNS. `internet`: public addresses and DNS. `{allow}`: the
 * public IPv4 addresses of these names, on every port; any other name is refused by DNS, any other address
 * at once. Never private, link-local or metadata ranges, the host, or another sandbox.
 */
export const networkPolicy = z.union([
  z.enum(['none', 'internet']),
  z.strictObject({ allow: z.array(allowedHost).min(1).max(maxNames) }),
])
export type NetworkPolicy = z.infer<typeof networkPolicy>

/** One name of an allowlist, as it stands now. A name with a problem opens nothing, and is tried again. */
export const allowedName = z.object({
  name: z.string(),
  addresses: z.array(z.string()),
  problem: z.enum(['not_resolved_yet', 'does_not_resolve', 'private_address']).nullable(),
})
export type AllowedName = z.infer<typeof allowedName>
