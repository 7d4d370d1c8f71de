import type { IncomingMessage } from 'node:http'
import { cookieOfApp, cookiesForApp } from './cookies.js'

/** Headers that are about one connection only. @see RFC 9110, section 7.6.1 */
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
])
/** What the app is told by us, or not at all. `expect` was answered by Node. */
const ours = new Set([
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port'],
  ...['x-real-ip', 'cloche-sandbox', 'cloche-port', 'expect'],
])
/** These would act on more than the origin of the app. */
const tooFar = new Set(['clear-site-data', 'alt-svc'])

/** Name and value of each header, as it was sent. */
function* pairsOf(raw: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] ?? '', raw[at + 1] ?? '']
}

/** Those that `Connection` names are about one connection, too. */
const namedBy = (connection: string) =>
  connection === '' ? none : new Set(connection.toLowerCase().split(/\s*,\s*/))
const none: ReadonlySet<string> = new Set()

/** How a request came in. */
export interface Arrival {
  /** `http` or `https`, as the visitor sees it. */
  readonly scheme: string
  /** By the headers `Cloche-Sandbox` and `Cloche-Port`: then the name of the host is the platform's. */
  readonly byHeaders: boolean
  /** It carries a key of the platform. */
  readonly withKey: boolean
  /** Whether a proxy that the operator trusts may be in front. */
  readonly behindProxy: boolean
  readonly port: number
}

/** What the app is sent, as flat pairs. */
export function headersForApp(request: IncomingMessage, arrival: Arrival): string[] {
  const dropped = namedBy(request.headers.connection ?? '')
  const sent: string[] = []
  for (const [name, value] of pairsOf(request.rawHeaders)) {
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || ours.has(lower) || dropped.has(lower)) continue
    if (lower === 'authorization' && arrival.withKey) continue
    if (lower === 'host') continue
    const kept = lower === 'cookie' ? cookiesForApp(value) : value
    if (kept !== undefined) sent.push(name, kept)
  }
  const host = arrival.byHeaders ? `localhost:${arrival.port}` : (request.headers.host ?? '')
  sent.push('Host', host)
  const remote = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const before = request.headers['x-forwarded-for']
  const chain = arrival.behindProxy && before !== undefined ? `${before}, ${remote}` : remote
  sent.push('X-Forwarded-For', chain, 'X-Forwarded-Host', host, 'X-Forwarded-Proto', arrival.scheme)
  const by = remote.includes(':') ? `"[${remote}]"` : remote
  sent.push('Forwarded', `for=${by};host="${host}";proto=${arrival.scheme}`)
  return sent
}

/**
 * Whether a body follows. Its length is passed on where it is known: many programs that serve one directory cannot read
 * chunks.
 */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** What the visitor is sent of the headers of an answer, as flat pairs. */
export function headersOfApp(raw: readonly string[], added: readonly string[]): string[] {
  let connection = ''
  for (const [name, value] of pairsOf(raw)) {
    if (name.length === 10 && name.toLowerCase() === 'connection') connection += `,${value}`
  }
  const dropped = namedBy(connection)
  const sent: string[] = []
  for (const [name, value] of pairsOf(raw)) {
    const lower = name.toLowerCase()
    if (hopByHop.has(lower) || tooFar.has(lower) || dropped.has(lower)) continue
    const kept = lower === 'set-cookie' ? cookieOfApp(value) : value
    if (kept !== undefined) sent.push(name, kept)
  }
  sent.push(...added)
  return sent
}
