import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../runtime/linux/spawn.js'
import { isDiskOpen } from '../../runtime/rootfs/disk.js'
import { confined } from '../confine.js'
import { requireDatabase } from '../database.js'
import { hostKeyFile, readHostKey } from '../host-key.js'
import { findSupervisor } from '../lock.js'
import { embeddedUrl, postgresPrograms } from '../postgres.js'
import type { Settings } from '../settings.js'
import { requireOwnDatabase } from '../setup.js'
import { advice, attempt, type Finding, missing, ok } from './finding.js'

const parts = [
  'supervisor/check-database.js',
  'runtime/index.js',
  'runtime/host/host.js',
  'gateway/index.js',
  'server/index.js',
  'server/setup.js',
]

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  if (fits) return ok('Node.js', process.version)
  return missing('Node.js', `${process.version}; 20.19 or newer is needed`, 'Type: bin/setup')
}

export function checkBuild({ app }: Settings): Finding {
  const absent = parts.filter((part) => !existsSync(join(app, 'dist', part)))
  if (absent.length === 0) return ok('build', join(app, 'dist'))
  return missing('build', `dist/${absent.join(', dist/')} not built`, 'Type: bin/build')
}

/** A checkout made under a strict umask is root's alone, and the server could not read it. */
export function checkReadable(settings: Settings): Promise<Finding> {
  const look = async () => {
    const [program = '', ...args] = confined(settings, [
      'test',
      '-r',
      'dist/server/index.js',
      '-a',
      '-r',
      'node_modules/pg',
    ])
    await run(program, args)
    return `by the user ${settings.group}`
  }
  return attempt('installation readable', look, `Type: chmod -R go+rX ${settings.app}`)
}

/** The base template is on the disk, which is only mounted while the instance runs. */
export async function checkBaseTemplate(settings: Settings): Promise<Finding> {
  if (!(await isDiskOpen(settings.home))) return ok('base template', 'bin/up prepares it')
  const there = existsSync(join(settings.home, 'disk/templates/base.json'))
  if (there) return ok('base template', 'installed')
  return missing('base template', 'not installed', 'Type: bin/cloche template build base')
}

/** By which clients of SSH know this installation. */
export function checkHostKey({ home, sshPort }: Settings): Finding[] {
  const what = 'host key of SSH'
  const file = hostKeyFile(home)
  if (!existsSync(file)) return sshPort === undefined ? [] : [ok(what, 'bin/up makes it')]
  const key = readHostKey(home)
  if (key !== undefined) return [ok(what, key.fingerprint)]
  return [
    advice(what, `${file} is damaged, and there is no SSH`, 'Put it back from a backup, or move it away'),
  ]
}

export function checkDatabase(settings: Settings): Promise<Finding> {
  if (settings.databaseUrl !== undefined) {
    const connect = async () => {
      await requireOwnDatabase(settings)
      return 'answers'
    }
    return attempt(
      'PostgreSQL of DATABASE_URL',
      connect,
      'Set DATABASE_URL right, or unset it and Cloche runs a PostgreSQL of its own',
    )
  }
  const own = async () => {
    const { version } = postgresPrograms(settings)
    if (findSupervisor(settings.run) === undefined) return `${version}, embedded; bin/up starts it`
    await requireDatabase(embeddedUrl(settings))
    return `${version}, embedded, answers`
  }
  return attempt('PostgreSQL', own, `See ${join(settings.home, 'logs/postgres.log')}`)
}
