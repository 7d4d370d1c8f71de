import { readAccount } from './account.js'
import { clientCommand } from './client-command.js'
import { printFields, printJson } from './output.js'

export const whoami = clientCommand({
  name: 'whoami',
  group: 'Account',
  summary: 'Show the server, the tenant and the role that commands use',
  async run({ cloche, json }) {
    const { user, tenant } = await cloche.me()
    const { url } = readAccount(process.env)
    if (json) printJson({ url, user, tenant })
    else {
      printFields([
        ['Server', url],
        ['Tenant', `${tenant.name} (${tenant.id})`],
        ['Account', user === null ? 'an API key of this tenant' : `${user.name} <${user.email}>`],
        ['Role', tenant.role],
      ])
    }
    return 0
  },
})
