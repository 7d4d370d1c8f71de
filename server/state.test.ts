import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** A collection that lives as long as its object, and the parts of a server live as long as the server. */
const collection =
  /^ {2}(?:readonly )?(#\w+)(?:: [^=\n]+)? = (?:new (?:Map|Set|WeakMap|WeakSet|LRUCache)\b|\[\])/gm
/** Objects of one request, or of one connection. */
const ofOne = [
  'database/notices.ts',
  'runs/event-log.ts',
  'sandboxes/exec.ts',
  'terminals/attachment.ts',
  'files/search.ts',
  'assignments/imports/tests.ts',
  'similarity/collection.ts',
]

it('every collection in the memory of a server is in the table of docs/explanation/several-servers.md', () => {
  const found: string[] = []
  for (const path of readdirSync('server', { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts') || ofOne.includes(path)) continue
    for (const [, name] of readFileSync(join('server', path), 'utf8').matchAll(collection)) {
      found.push(`${path} ${name}`)
    }
  }
  const table = readFileSync('docs/explanation/several-servers.md', 'utf8')
  const described = [...table.matchAll(/^\| `([\w/.-]+\.ts)` +\| ([^|]+)\|/gm)].flatMap(
    ([, path, names = '']) => [...names.matchAll(/`(#\w+)`/g)].map(([, name]) => `${path} ${name}`),
  )
  expect(found.length).toBeGreaterThan(5)
  // Of one that is new: what happens to it with several servers, and who tells it of changes that another one makes?
  expect(found.toSorted()).toEqual(described.toSorted())
})
