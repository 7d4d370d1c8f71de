import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { programSources } from './testing/sources.js'

const sources = programSources()
/** `a` → what `a` names: who reads it has to know the types as well, though they are gone when it is loaded. */
const needs = new Map(sources.map((file) => [file, importsOf(file)]))

function importsOf(file: string): string[] {
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s[^;'"]*?from '(\.[^']+)'/gm)
  return Array.from(statements, ([, path = '']) =>
    normalize(join(dirname(file), path)).replace(/\.js$/, '.ts'),
  )
}

/** A chain of nodes that leads back to its first, or none. */
function circleIn(graph: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): string[] | undefined => {
    const at = path.indexOf(node)
    if (at !== -1) return [...path.slice(at), node]
    if (done.has(node)) return undefined
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next)
      if (circle !== undefined) return circle
    }
    path.pop()
    done.add(node)
    return undefined
  }
  for (const node of graph.keys()) {
    const circle = visit(node)
    if (circle !== undefined) return circle
  }
  return undefined
}

/** `server/auth` of `server/auth/credential.ts`; undefined for a file that is in no folder of its room. */
const folderOf = (file: string) => /^[^/]+\/[^/]+(?=\/)/.exec(file)?.[0]

/** Pairs of folders of one room that need each other. */
function tiesIn(room: string): string[] {
  const between = new Map<string, string>()
  for (const [file, imported] of needs) {
    const from = folderOf(file)
    if (from === undefined || !file.startsWith(`${room}/`)) continue
    for (const one of imported) {
      const to = folderOf(one)
      if (to !== undefined && to !== from && one.startsWith(`${room}/`))
        between.set(`${from} ${to}`, `${file} → ${one}`)
    }
  }
  return Array.from(between).flatMap(([pair, how]) => {
    const back = between.get(pair.split(' ').reverse().join(' '))
    return back === undefined || back < how ? [] : [`${how}, and ${back}`]
  })
}

describe('imports', () => {
  it('name files that exist', () => {
    expect(
      Array.from(needs.values())
        .flat()
        .filter((file) => !existsSync(file)),
    ).toEqual([])
  })

  it('go in no circle', () => {
    expect(circleIn(needs)).toBeUndefined()
    expect(
      circleIn(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
  })

  it.each(['server', 'runtime', 'supervisor'])('tie no two folders of %s to each other', (room) => {
    expect(tiesIn(room)).toEqual([])
  })
})
