import { createResetLink, resetUrl } from './account/reset-links.js'
import { readConfig } from './config.js'
import { openDatabase } from './database/client.js'

/** Makes a link by which the account of an e-mail address, the first argument, gets a new password. Prints it as JSON. */
const email = process.argv[2]?.toLowerCase() ?? ''
const config = readConfig(process.env)
await using database = openDatabase(config.databaseUrl)
const user = await database.prisma.user.findUnique({ where: { email } })
if (user === null) {
  console.error(`no account has the e-mail address ${email}`)
  process.exitCode = 1
} else {
  const { secret, expiresAt } = await createResetLink(database, user.id, 'cloche reset-link')
  const url = resetUrl(config.publicUrl, secret)
  process.stdout.write(`${JSON.stringify({ email, url, expiresAt: expiresAt.toISOString() })}\n`)
}
