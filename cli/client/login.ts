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
  group: 'Account',
  operands: 'URL',
  summary: 'Log in: check and store the address of a Cloche server and an API key',
  details:
    'Asks for the key, or reads it from stdin. Create a key on the page API keys. It is stored in\n' +
    '$XDG_CONFIG_HOME/cloche/account.json (mode 0600). CLOCHE_URL and CLOCHE_API_KEY replace it.',
  flags: { json: { type: 'boolean', help: 'print JSON' } },
  async run({ words, has }) {
    const url = originOf(words[0] ?? process.env.CLOCHE_URL)
    const apiKey = (await askForKey(url)).trim()
    if (apiKey === '') throw new Failure('no API key was given: type it at the prompt, or pass it on stdin')
    try {
      const { tenant } = await new Cloche({ url, apiKey }).me()
      const file = accountFile(process.env)
      storeAccount(file, { url, apiKey })
      if (has('json')) printJson({ url, tenant, file })
      else console.log(`Logged in to ${url}, tenant ${tenant.name}`)
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
  group: 'Account',
  summary: 'Log out: delete the stored address and key',
  async run() {
    forgetAccount(accountFile(process.env))
    return 0
  },
}

function originOf(word: string | undefined): string {
  if (word === undefined) throw new UsageError('specify the address: cloche login https://cloche.example.org')
  if (!URL.canParse(word) || !/^https?:$/.test(new URL(word).protocol)) {
    throw new UsageError(`${word} is not an address such as https://cloche.example.org`)
  }
  const { protocol, hostname, href } = new URL(word)
  if (protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
    console.error(
      `cloche: warning: without TLS, anyone on the network path to ${hostname} can read the key; use https://`,
    )
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
