import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../cli/command.js'
import { problem } from '../protocol/api/index.js'
import type { Settings } from './settings.js'

const access = z.object({ url: z.string(), apiKey: z.string() })

/**
 * Calls the API of this machine's instance with the key of its first operator.
 * @throws Failure with what the API said, or why it was not asked
 */
export async function callAsOperator(
  { home }: Settings,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const { url, apiKey } = readAccess(home)
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const answer = await fetch(new URL(`/api/v1${path}`, url), {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Failure(`no server answers at ${url}; start it with bin/up`)
  })
  const text = await answer.text()
  if (answer.ok) return text === '' ? undefined : JSON.parse(text)
  const said = problem.safeParse(safeJson(text)).data
  throw new Failure(said?.detail ?? `the server answered ${answer.status}`)
}

function readAccess(home: string): z.infer<typeof access> {
  const file = join(home, 'admin.json')
  try {
    return access.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new Failure(`${file} cannot be read; use the operator page or the API with the key of an operator`)
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not the server's words
  }
}
