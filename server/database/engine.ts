import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as wasm from '@prisma/schema-engine-wasm/schema_engine_bg'

/** Nothing in our databases belongs to anybody else. */
const filters = { externalTables: [], externalEnums: [] }

/**
 * Brings the database up to the newest migration. Prisma's own engine does it, as WebAssembly, so that nothing
 * has to be downloaded; the layout is Prisma's, so `prisma migrate deploy` does the same.
 *
 * @param directory `prisma/migrations`
 * @returns names of the migrations that were applied now
 * @throws when a migration fails or the database cannot be reached
 */
export async function migrate(url: string, directory: string): Promise<string[]> {
  using engine = await openEngine(url)
  const { appliedMigrationNames } = await engine.applyMigrations({
    migrationsList: await readMigrations(directory),
    filters,
  })
  return appliedMigrationNames
}

/**
 * The SQL that makes what `schemaFile` describes in an empty database. (The engine can also tell what is missing
 * in a full one, but not through this adapter: it cannot read PostgreSQL's `"char"`.)
 */
export async function schemaSql(url: string, schemaFile: string): Promise<string> {
  using engine = await openEngine(url)
  const content = await readFile(schemaFile, 'utf8')
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path: schemaFile, content }] },
    script: true,
    exitCode: null,
    filters,
  })
  return stdout ?? ''
}

/** The module's glue knows one instance at a time, so there is one for the whole process. */
let loading: Promise<void> | undefined

async function load(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const module = await WebAssembly.compile(await readFile(file.replace(/\.js$/, '.wasm')))
  const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': { ...wasm } })
  wasm.__wbg_set_wasm(exports)
  if (typeof exports.__wbindgen_start === 'function') exports.__wbindgen_start()
}

/**
 * Prisma's adapter cuts a script at every semicolon, those within a function too. PostgreSQL knows where statements
 * end, and does all of a script or nothing.
 */
class WholeScripts extends PrismaPg {
  override async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async (script) => {
      await adapter.executeRaw({ sql: script, args: [], argTypes: [] })
    }
    return adapter
  }
}

async function openEngine(url: string): Promise<wasm.SchemaEngine> {
  loading ??= load()
  await loading
  const adapter = bindMigrationAwareSqlAdapterFactory(new WholeScripts({ connectionString: url }))
  return wasm.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter)
}

async function readMigrations(directory: string) {
  const names = (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
  const migrationDirectories = await Promise.all(
    names.map(async (path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: {
          tag: 'ok' as const,
          value: await readFile(join(directory, path, 'migration.sql'), 'utf8'),
        },
      },
    })),
  )
  return {
    baseDir: directory,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories,
  }
}
