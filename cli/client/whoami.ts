import type { KeyLimits } from '../../protocol/api/index.js'
import { readAccount } from './account.js'
import { clientCommand } from './client-command.js'
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

/** Such as `sandboxes 2, network none, readOnly`. */
const limitsLine = (limits: KeyLimits): string =>
  Object.entries(limits)
    .flatMap(([name, value]) => {
      if (value === undefined || value === false) return []
      if (value === true) return [name]
      const told = Array.isArray(value) ? value : typeof value === 'object' ? value.allow : [value]
      return [`${name} ${told.join(' ')}`]
    })
    .join(', ')
