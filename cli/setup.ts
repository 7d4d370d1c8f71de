import type { Command } from './command.js'
import { readSettings, requireRoot } from './settings.js'
import { accessOf } from './up/services.js'
import { setUp } from './up/setup.js'

export const setup: Command = {
  name: 'setup',
  summary: 'Brings the database up to date and makes the first operator. bin/up does this by itself.',
  async run() {
    requireRoot('setup')
    const settings = readSettings(process.env)
    await setUp(settings, accessOf(settings))
    return 0
  },
}
