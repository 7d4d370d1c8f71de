import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createAuth } from './auth/auth.js'
import { readConfig } from './config.js'
import { openDatabase } from './database/client.js'
import { migrate } from './database/engine.js'
import { untilDatabaseAnswers } from './database/until.js'
import { databaseInstallation } from './installation/pairing.js'
import { createKey } from './tenants/key-rows.js'
import { createFirstTenant } from './tenants/tenants.js'

/** What the first operator's tenant may use: as good as everything that one node has. */
const operatorQuota = {
  cpus: 256,
  memoryMiB: 1_048_576,
  diskMiB: 16_777_216,
  pids: 65_536,
  sandboxes: 10_000,
}
const email = 'admin@cloche.local'

/**
 * Brings the database up to date. Where nobody has an account yet it creates the first operator with a tenant
 * and a key. Prints one line: `{installation}`, with `{email, password, apiKey}` if there is a new operator.
 */
const config = readConfig(process.env)
await untilDatabaseAnswers(config.databaseUrl)
const applied = await migrate(config.databaseUrl, join(process.cwd(), 'prisma', 'migrations'))
if (applied.length > 0) console.error(`applied migrations: ${applied.join(', ')}`)
{
  await using database = openDatabase(config.databaseUrl)
  const { prisma } = database
  const installation = await databaseInstallation(database.pool)
  let first = {}
  if ((await prisma.user.count()) === 0) {
    const password = randomBytes(15).toString('base64url')
    const auth = createAuth({ ...config, signUp: 'open' }, database, createFirstTenant(database.prisma))
    const { user } = await auth.api.signUpEmail({ body: { name: 'Operator', email, password } })
    await prisma.user.update({ where: { id: user.id }, data: { operator: true } })
    const { tenantId } = await prisma.member.findFirstOrThrow({ where: { userId: user.id } })
    await prisma.tenant.update({ where: { id: tenantId }, data: { name: 'Operators', quota: operatorQuota } })
    const { key } = await createKey(
      prisma,
      tenantId,
      { name: 'first operator', operator: true },
      { createdById: null },
    )
    first = { email, password, apiKey: key }
  }
  process.stdout.write(`${JSON.stringify({ installation, ...first })}\n`)
}
// The migration engine leaves a timer of ten seconds running.
process.exit()
