import { z } from 'zod'
import { withSecretFiles } from '../common/secrets.js'
import { requireDatabase } from './database.js'

/**
 * Asks the database of DATABASE_URL one question, as whoever runs this: started as the user `cloche`, it finds out
 * what the server would, also where PostgreSQL knows its callers by their user.
 */
try {
  await requireDatabase(z.string().parse(withSecretFiles(process.env).DATABASE_URL))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
