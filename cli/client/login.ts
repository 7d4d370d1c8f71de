import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Cloche, ClocheError } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { accountFile, forgetAccount, storeAccount } from './account.js'
import { exitCodeOf } from './exit-code.js'
import { printJson } from './output.js'

export const login: Command = {
  name: 'login',
  operands: 'URL',
  summary: 'Stores the address of a Cloche and an API key for the commands below.',
  details:
    'Asks for the key, or reads it from stdin. Members make keys on the page API keys. It is stored in\n' +
    '$XDG_CONFIG_HOME/cloche/account.json (mode 0600). CLOCHE_URL and CLOCHE_API_KEY do without.',
  flags: { json: { type: 'boolean', help: 'print JSON' } },
  async run({ words, has }) {
    const url = originOf(words[0] ?? process.env.CLOCHE_URL)
    const apiKey = (await askForKey(url)).trim()
    if (apiKey === '') throw new Failure('that was no key')
    try {
      const { tenant } = await new Cloche({ url, apiKey }).me()
      const file = accountFile(process.env)
      storeAccount(file, { url, apiKey })
      if (has('json')) printJson({ url, tenant, file })
      else console.log(`logged in to ${url} for the tenant ${tenant.name}`)
      return 0
    } catch (error) {
      if (!(error instanceof ClocheError)) throw error
      console.error(`cloche: ${error.message}`)
      return exitCodeOf(error)
    }
  },
}

export const logout: Command = {
  name: 'logout',
  summary: 'Forgets the address and the key.',
  async run() {
    forgetAccount(accountFile(process.env))
    return 0
  },
}

function originOf(word: string | undefined): string {
  if (word === undefined) throw new UsageError('which one? cloche login https://cloche.example.org')
  if (!URL.canParse(word) || !/^https?:$/.test(new URL(word).protocol)) {
    throw new UsageError(`${word} is no address such as https://cloche.example.org`)
  }
  const { protocol, hostname, href } = new URL(word)
  if (protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
    console.error(`cloche: over http:// anybody on the way to ${hostname} can read the key; use https://`)
  }
  return href.replace(/\/+$/, '')
}

/** What is typed is not shown. */
async function askForKey(url: string): Promise<string> {
  if (!process.stdin.isTTY) return text(process.stdin)
  process.stderr.write(`API key for ${url}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
