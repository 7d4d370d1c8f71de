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

export function share(shared: Shared): void {
  process.env[variable] = JSON.stringify(shared)
}

export function shared(): Shared {
  return schema.parse(JSON.parse(process.env[variable] ?? 'null'))
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
