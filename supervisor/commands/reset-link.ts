import { z } from 'zod'
import { type Command, UsageError } from '../../cli/command.js'
import { accessOf } from '../services.js'
import { readSettings, requireRoot } from '../settings.js'
import { runServerProgram } from '../setup.js'

const answer = z.object({ url: z.string(), expiresAt: z.string() })

export const resetLink: Command = {
  name: 'reset-link',
  group: 'This machine (needs root)',
  operands: 'EMAIL',
  summary: 'Print a link that sets a new password for an account, once, within 24 hours',
  async run({ words: [email, ...more] }) {
    if (email === undefined || more.length > 0)
      throw new UsageError('specify an account: cloche reset-link EMAIL')
    requireRoot('reset-link')
    const settings = readSettings(process.env)
    const said = await runServerProgram(settings, 'server/reset-link.js', [email], accessOf(settings))
    console.log(answer.parse(JSON.parse(said)).url)
    return 0
  },
}
