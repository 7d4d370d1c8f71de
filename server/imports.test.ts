import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** A file that takes calls: it registers a route or hears a socket's events. */
const takesCalls = /\bapp\.(route|get|put|post|patch|delete)\(|\bopen\.route\(|\bsocket\.on\('/
/** What acts without asking who may: the node, the database, and the audit log's pen. */
const behindServices =
  /from '[^']*\/(runtime-client\/[^']*|nodes\/(?!service\.js|readiness\.js)[^']*|prisma\/[^']*|database\/[^']*|audit\.js|admission\.js|permissions\.js)'/g

it('what takes calls reaches the node, the database and the audit log through services only', () => {
  const takers: string[] = []
  for (const path of readdirSync('server', { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts') || path.startsWith('access-matrix')) continue
    const text = readFileSync(join('server', path), 'utf8')
    if (!takesCalls.test(text)) continue
    takers.push(path)
    // The server's own wiring hands parts to each other; it answers no call about a tenant.
    if (path === 'server.ts') continue
    const imports = [...text.matchAll(behindServices)].map(([line]) => line)
    expect(imports, `server/${path} takes calls: let a service do this`).toEqual([])
    expect(text, `server/${path} takes calls: a service asks for the node of a sandbox`).not.toMatch(
      /\.authorize\(/,
    )
  }
  expect(takers).toEqual(
    expect.arrayContaining([
      'sandboxes/routes.ts',
      'files/routes.ts',
      'terminals/socket.ts',
      'admin/routes.ts',
      'tenants/routes.ts',
      'account/routes.ts',
      'runs/routes.ts',
      'usage/routes.ts',
    ]),
  )
})
