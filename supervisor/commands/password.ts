import { z } from 'zod'
import { type Command, UsageError } from '../../cli/command.js'
import { accessOf } from '../services.js'
import { readSettings, requireRoot } from '../settings.js'
import { keepPassword, runServerProgram } from '../setup.js'

const answer = z.object({ email: z.string(), password: z.string() })

export const password: Command = {
  name: 'password',
  group: 'This machine (needs root)',
  operands: 'EMAIL',
  summary: 'Set a new password for an account, print it, and end all its sessions',
  async run({ words: [email, ...more] }) {
    if (email === undefined || more.length > 0)
      throw new UsageError('specify an account: cloche password EMAIL')
    requireRoot('password')
    const settings = readSettings(process.env)
    const said = await runServerProgram(settings, 'server/password.js', [email], accessOf(settings))
    const changed = answer.parse(JSON.parse(said))
    keepPassword(settings, changed.email, changed.password)
    console.log(changed.password)
    return 0
  },
}
