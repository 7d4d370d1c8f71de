import { z } from 'zod'
import { type Command, UsageError } from './command.js'
import { readSettings, requireRoot } from './settings.js'
import { accessOf } from './up/services.js'
import { keepPassword, runServerProgram } from './up/setup.js'

const answer = z.object({ email: z.string(), password: z.string() })

export const password: Command = {
  name: 'password',
  operands: 'EMAIL',
  summary: 'Gives an account a new password, prints it, and signs the account out everywhere.',
  async run({ words: [email, ...more] }) {
    if (email === undefined || more.length > 0) throw new UsageError('whose? cloche password EMAIL')
    requireRoot('password')
    const settings = readSettings(process.env)
    const said = await runServerProgram(settings, 'server/password.js', [email], accessOf(settings))
    const changed = answer.parse(JSON.parse(said))
    keepPassword(settings, changed.email, changed.password)
    console.log(changed.password)
    return 0
  },
}
