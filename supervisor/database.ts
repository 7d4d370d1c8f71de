import { Client } from 'pg'
import { Failure } from '../cli/command.js'

const connectTimeoutMs = 5000

/** Whether a query can be asked. */
export async function postgresAnswers(url: string): Promise<boolean> {
  return withClient(url, (client) => client.query('SELECT 1')).then(
    () => true,
    () => false, // asked again by the caller, who gives up in time
  )
}

/** @throws Failure that says why a database cannot be used; never with its password */
export async function requireDatabase(url: string): Promise<void> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'))
  } catch (error) {
    const { host, pathname } = new URL(url)
    const reason = error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error)
    throw new Failure(`no connection to the database ${pathname.slice(1)} at ${host}: ${reason}`)
  }
}

/** Connects, acts and closes. */
export async function withClient<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
  try {
    await client.connect()
    return await act(client)
  } finally {
    await client.end().catch(() => {}) // what went wrong is thrown already
  }
}
