import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const person = z.object({ email: z.string(), cookie: z.string() })

/** What the tests know of the instance; the runner hands the environment on to its workers. */
const schema = z.object({
  url: z.url(),
  /** Of the instance, as `CLOCHE_INSTANCE`. */
  name: z.string(),
  admin: z.object({ email: z.string(), password: z.string() }),
  ann: person,
  ben: person,
})
export type Shared = z.infer<typeof schema>

const variable = 'CLOCHE_E2E'

/** @param instances one for each worker */
export function share(instances: readonly Shared[]): void {
  process.env[variable] = JSON.stringify(instances)
}

/** What the worker that asks has for itself. */
export function shared(): Shared {
  const instances = z.array(schema).parse(JSON.parse(process.env[variable] ?? 'null'))
  const own = instances[Number(process.env.TEST_PARALLEL_INDEX ?? 0)]
  if (!own) throw new Error('there are more workers than instances: see global-setup.ts')
  return own
}

/** Of everybody whom `TestClient.signUp` signs up. */
export const password = 'correct horse battery'

const children = z.record(z.string(), z.object({ pid: z.number() }))

/** The server's process, which its supervisor starts again when it dies. */
export async function serverPid(name: string): Promise<number> {
  const text = await readFile(`/run/cloche/${name}/children.json`, 'utf8')
  const server = children.parse(JSON.parse(text)).server
  if (!server) throw new Error(`${name} has no server`)
  return server.pid
}
