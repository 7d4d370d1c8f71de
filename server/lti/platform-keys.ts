import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { z } from 'zod'
import type { LtiPlatform } from '../../prisma/generated/client.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { type PlatformCalls, PlatformError } from './calls.js'

/** What a platform signs with. Nothing symmetric: a public key must never be taken for a secret. */
const algorithms = ['RS256']
/** Clocks differ by so much. */
const skewSeconds = 60
/** A token is used at once. */
const ageSeconds = 600
/** Keys are read again after an hour, and for a key that is unknown, this long after the last time. */
const [keepMs, pauseSeconds] = [3_600_000, 10]
const maxKeys = 50

const key = z.looseObject({ kty: z.string(), kid: z.string().optional() })
const keySet = z.object({
  keys: z.array(z.custom<JWK>((value) => key.safeParse(value).success)).max(maxKeys),
})

export const refusedLaunch = (why: string) =>
  new ApiError('forbidden', `this launch is refused: ${why}. Open it again from your course`)

/** Checks what platforms have signed. Their keys are kept with their rows, the same for all servers. */
export class PlatformKeys {
  constructor(
    private readonly database: Database,
    private readonly calls: PlatformCalls,
  ) {}

  /**
   * The payload of a token that is of this platform and for this client, now.
   * @throws ApiError `forbidden` with what is wrong with it
   */
  async verify(platform: LtiPlatform, token: string): Promise<unknown> {
    const kept = keySet.safeParse(platform.jwks).data
    const isFresh = platform.jwksAt !== null && Date.now() - platform.jwksAt.getTime() < keepMs
    const first = kept !== undefined && isFresh ? kept : ((await this.#read(platform)) ?? kept)
    if (first === undefined) throw refusedLaunch('the keys of the platform cannot be read at this moment')
    try {
      return await check(platform, token, first)
    } catch (error) {
      if (!isUnknownKey(error)) throw refusal(error)
      const next = await this.#read(platform)
      if (next === undefined) throw refusal(error)
      return check(platform, token, next).catch((again: unknown) => {
        throw refusal(again)
      })
    }
  }

  /** @returns undefined when they were read just now, by whichever server */
  async #read({ id, jwksUrl }: LtiPlatform): Promise<z.infer<typeof keySet> | undefined> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE lti_platform SET "jwksAt" = now() AT TIME ZONE 'UTC'
       WHERE id = $1 AND ("jwksAt" IS NULL OR "jwksAt" < now() AT TIME ZONE 'UTC' - interval '${pauseSeconds} seconds')`,
      [id],
    )
    if (rowCount !== 1) {
      const row = await this.database.prisma.ltiPlatform.findUnique({ where: { id }, select: { jwks: true } })
      return keySet.safeParse(row?.jwks).data
    }
    try {
      const read = keySet.safeParse((await this.calls.json(jwksUrl)).body)
      if (!read.success) throw new PlatformError('what it publishes is no list of keys')
      await this.database.pool.query('UPDATE lti_platform SET jwks = $2 WHERE id = $1', [
        ...[id, JSON.stringify(read.data)],
      ])
      return read.data
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      throw refusedLaunch(`the keys of the platform cannot be read: ${error.message}`)
    }
  }
}

async function check(
  { issuer, clientId }: LtiPlatform,
  token: string,
  set: z.infer<typeof keySet>,
): Promise<unknown> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
    ...{ issuer, audience: clientId, algorithms, clockTolerance: skewSeconds },
    maxTokenAge: ageSeconds,
    requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
  })
  const { aud, azp } = payload
  // OpenID Connect Core 3.1.3.7: of several audiences the token says for which it was made.
  if (
    (Array.isArray(aud) && aud.length > 1 && azp === undefined) ||
    (azp !== undefined && azp !== clientId)
  ) {
    throw refusedLaunch('its token was made for another tool')
  }
  return payload
}

const joseError = z.object({ code: z.string(), claim: z.string().optional() })
const isUnknownKey = (error: unknown) => joseError.safeParse(error).data?.code === 'ERR_JWKS_NO_MATCHING_KEY'

/** What a person can do something with, and an administrator can look for. */
function refusal(error: unknown): unknown {
  const known = joseError.safeParse(error)
  if (!known.success || error instanceof ApiError) return error
  const { code, claim } = known.data
  if (code === 'ERR_JWT_EXPIRED') return refusedLaunch('its token has expired')
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
    return refusedLaunch('its signature is not of the platform')
  if (code === 'ERR_JOSE_ALG_NOT_ALLOWED') return refusedLaunch('its token is not signed with RS256')
  if (code === 'ERR_JWKS_NO_MATCHING_KEY')
    return refusedLaunch('the platform does not publish the key that it was signed with')
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED')
    return refusedLaunch(`its token has another ${claim ?? 'claim'} than it must`)
  return code.startsWith('ERR_J') ? refusedLaunch(`its token is not valid (${code})`) : error
}
