import type { Command } from '../../cli/command.js'
import { accessOf } from '../services.js'
import { readSettings, requireRoot } from '../settings.js'
import { setUp } from '../setup.js'

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
