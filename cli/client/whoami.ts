import { readAccount } from './account.js'
import { clientCommand } from './client-command.js'
import { limitsLine } from './key.js'
import { printFields, printJson } from './output.js'

export const whoami = clientCommand({
  name: 'whoami',
  group: 'Account',
  summary: 'Show the server, the tenant and the role that commands use',
  async run({ cloche, json }) {
    const { user, tenant, key } = await cloche.me()
    const { url } = readAccount(process.env)
    if (json) printJson({ url, user, tenant, key })
    else {
      printFields([
        ['Server', url],
        ['Tenant', `${tenant.name} (${tenant.id})`],
        ['Account', user === null ? 'an API key of this tenant' : `${user.name} <${user.email}>`],
        ['Role', tenant.role],
        ...(key?.limits ? [['Limits', limitsLine(key.limits)] as const] : []),
      ])
    }
    return 0
  },
})
