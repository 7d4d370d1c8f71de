import type { Command } from './command.js'
import { readSettings, requireRoot } from './settings.js'
import { accessOf } from './up/services.js'
import { setUp } from './up/setup.js'

export const setup: Command = {
  name: 'setup',
  group: 'This machine (needs root)',
  summary: 'Migrate the database and create the first operator (bin/up does this)',
  async run() {
    requireRoot('setup')
    const settings = readSettings(process.env)
    await setUp(settings, accessOf(settings))
    return 0
  },
}
