import { request } from 'node:http'

/** Long enough for a busy machine; what answers later than this is asked again. */
const patienceMs = 5000

/**
 * Asks a server of ours over HTTP and returns the status; 0 when nobody answers.
 * @param timeoutMs for calls that work long
 */
export function ask(
  to: { socketPath: string } | { host: string; port: number },
  method: string,
  path: string,
  timeoutMs = patienceMs,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const silent = () => resolve({ status: 0, text: '' })
    const outgoing = request({ ...to, method, path, agent: false, timeout: timeoutMs }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', silent)
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    outgoing.once('timeout', () => outgoing.destroy()).once('error', silent)
    outgoing.end()
  })
}
