import type { Command } from './command.js'
import { readSettings, requireRoot } from './settings.js'
import { embeddedUrl } from './up/postgres.js'
import { keptSecret } from './up/secret.js'
import { setUp } from './up/setup.js'

export const setup: Command = {
  name: 'setup',
  summary: 'Brings the database up to date and makes the first operator. bin/up does this by itself.',
  async run() {
    requireRoot('setup')
    const settings = readSettings(process.env)
    const databaseUrl = settings.databaseUrl ?? embeddedUrl(settings)
    await setUp(settings, databaseUrl, settings.secret ?? keptSecret(settings.home))
    return 0
  },
}
