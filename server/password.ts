import { randomBytes } from 'node:crypto'
import { createAuth } from './auth/auth.js'
import { readConfig } from './config.js'
import { openDatabase } from './database/client.js'
import { createFirstTenant } from './tenants/tenants.js'

/**
 * Gives the account of an e-mail address, the first argument, a new password and ends its sessions: for whoever
 * has lost theirs, since Cloche sends no mail. Prints `{email, password}` as one line.
 */
const email = process.argv[2]?.toLowerCase() ?? ''
const config = readConfig(process.env)
await using database = openDatabase(config.databaseUrl)
const context = await createAuth(config, database, createFirstTenant(database.prisma)).$context
const found = await context.internalAdapter.findUserByEmail(email)
if (found === null) {
  console.error(`nobody has an account with ${email}`)
  process.exitCode = 1
} else {
  const password = randomBytes(15).toString('base64url')
  await context.internalAdapter.updatePassword(found.user.id, await context.password.hash(password))
  await context.internalAdapter.deleteUserSessions(found.user.id)
  process.stdout.write(`${JSON.stringify({ email, password })}\n`)
}
