import { z } from 'zod'

const person = z.object({ email: z.string(), cookie: z.string() })

/** What the tests know of the instance; the runner hands the environment on to its workers. */
const schema = z.object({
  url: z.url(),
  serverPid: z.number(),
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
