import { createPrivateKey, generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { z } from 'zod'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Sealing } from '../transfers/sealing.js'

const newPair = promisify(generateKeyPair)
const alg = 'RS256'
/** A key signs for so long, and what it has signed can be checked for as long again. */
const rotateDays = 90
/** A new key is published for so long before it signs: platforms keep the list of keys for hours. */
const publishedHours = 24
const now = `now() AT TIME ZONE 'UTC'`

const publicKey = z.looseObject({ kid: z.string(), kty: z.literal('RSA'), n: z.string(), e: z.string() })
const place = (kid: string) => `lti key ${kid}`

/** The keys that this installation signs with, the same for all platforms. */
export class ToolKeys {
  constructor(
    private readonly database: Database,
    private readonly sealing: Sealing,
  ) {}

  /** The public keys, newest first. Makes the first one. */
  async published(): Promise<{ keys: z.infer<typeof publicKey>[] }> {
    const { prisma } = this.database
    const rows = await prisma.ltiKey.findMany({ orderBy: { createdAt: 'desc' } })
    if (rows.length > 0) return { keys: rows.map((row) => publicKey.parse(row.publicKey)) }
    await this.#add('NOT EXISTS (SELECT FROM lti_key)')
    return this.published()
  }

  /** Makes a new key when the newest one is old, and forgets those that sign nothing any more. */
  async rotate(): Promise<void> {
    const young = `SELECT FROM lti_key WHERE "createdAt" > ${now} - interval '${rotateDays} days'`
    const condition = `EXISTS (SELECT FROM lti_key) AND NOT EXISTS (${young})`
    const { rows } = await this.database.pool.query(`SELECT ${condition} AS due`)
    if (rows[0]?.due === true) await this.#add(condition)
    await this.database.pool.query(
      `DELETE FROM lti_key WHERE "createdAt" < ${now} - interval '${2 * rotateDays} days' AND EXISTS (${young})`,
    )
  }

  /** @param expiresInSeconds from now on */
  async sign(payload: JWTPayload, expiresInSeconds: number): Promise<string> {
    await this.published()
    // The newest that platforms can know, or the first one of all.
    const { rows } = await this.database.pool.query(
      `SELECT id, "privateKey" FROM lti_key
       ORDER BY "createdAt" <= ${now} - interval '${publishedHours} hours' DESC,
         CASE WHEN "createdAt" <= ${now} - interval '${publishedHours} hours' THEN "createdAt" END DESC, "createdAt" LIMIT 1`,
    )
    const { id, privateKey } = z.object({ id: z.string(), privateKey: z.instanceof(Buffer) }).parse(rows[0])
    const pem = this.sealing.open(privateKey, place(id))
    if (pem === undefined) {
      throw new ApiError(
        'conflict',
        'the key for learning platforms cannot be read any more, since the secret of the installation is another one; ' +
          'an operator can delete the rows of the table lti_key, and a new key is made',
      )
    }
    return new SignJWT(payload)
      .setProtectedHeader({ alg, kid: id, typ: 'JWT' })
      .setIssuedAt()
      .setJti(randomUUID())
      .setExpirationTime(`${expiresInSeconds}s`)
      .sign(createPrivateKey(pem))
  }

  /** @param condition under which it is stored, of several servers at once by one of them */
  async #add(condition: string): Promise<void> {
    const { publicKey: made, privateKey } = await newPair('rsa', { modulusLength: 2048 })
    const kid = randomUUID()
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const jwk = { ...(await exportJWK(made)), kid, alg, use: 'sig' }
    await inTransaction(
      this.database.pool,
      (client) =>
        client.query(
          `INSERT INTO lti_key (id, "privateKey", "publicKey", "createdAt") SELECT $1, $2, $3, ${now} WHERE ${condition}`,
          [kid, this.sealing.seal(pem, place(kid)), JSON.stringify(jwk)],
        ),
      ['LOCK TABLE lti_key IN SHARE ROW EXCLUSIVE MODE'],
    )
  }
}
