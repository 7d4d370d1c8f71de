import { z } from 'zod'
import { keyLimits } from './keys.js'

/**
 * What a program asks for at `/authorize`: an authorization request of OAuth with PKCE and a resource, in the names of this API.
 * The page sends it on as it came, so that it is checked here alone.
 */
export const grantRequest = z.strictObject({
  clientId: z.string().min(1).max(4096).describe('as `POST /oauth/register` answered it'),
  redirectUri: z
    .string()
    .min(1)
    .max(512)
    .describe('one of those that were registered; of a loopback address with any port'),
  responseType: z.literal('code'),
  codeChallenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'is no S256 challenge'),
  codeChallengeMethod: z.literal('S256'),
  resource: z.string().max(512).optional().describe('the address of `/mcp` of this installation'),
  state: z.string().max(1024).optional(),
})
export type GrantRequest = z.infer<typeof grantRequest>

/** `POST /grants/preview`: what a person is asked. */
export const grantPreview = z.object({
  client: z.string().describe('how the program calls itself; nobody has checked it'),
  redirectHost: z
    .string()
    .describe('where the answer goes: a host, or the scheme of a program on the same machine'),
  tenant: z.string(),
})

/** Body of `POST /grants`: the request, and what the person allows. */
export const createGrant = grantRequest.extend({
  limits: keyLimits.optional().describe('those of the key that stands for the grant'),
  expiresInDays: z.int().min(1).max(365).default(90),
})
export type CreateGrant = z.infer<typeof createGrant>

export const grantCreated = z.object({
  redirectTo: z
    .string()
    .describe('the address that hands the code to the program; the code is good for a minute'),
})
