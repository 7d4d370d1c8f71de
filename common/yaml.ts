import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml'

/** Of one document. */
const maxBytes = 65_536
/** Levels of lists and mappings. A compose file needs seven. */
const maxDepth = 16
/** Keys, lists, mappings and values as they are written, and with what aliases repeat. */
const [maxWritten, maxNodes] = [5000, 20_000]
/** For each of them `yaml` may look through the whole document, and through what it repeats once more. */
const maxAliases = 20

/** What stands in a document. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain }

/** Why a document is refused: what follows its name, such as `has more than 5000 values`. */
export class YamlProblem extends Error {}

const refused = (why: string) => new YamlProblem(why)

/**
 * Reads a mapping of YAML 1.2 with merge keys, as Compose does.
 * @throws YamlProblem with line and column, also for what is too large, too deep or repeats itself too often
 */
export function readYaml(text: string): Plain {
  if (Buffer.byteLength(text) > maxBytes) {
    throw refused(`is larger than ${maxBytes / 1024} KiB`)
  }
  assertShallow(text)
  const lines = new LineCounter()
  let document: ReturnType<typeof parseDocument>
  try {
    document = parseDocument(text, {
      ...{ lineCounter: lines, merge: true, prettyErrors: false, version: '1.2' },
      // It would compare every key with every other.
      uniqueKeys: false,
    })
  } catch (error) {
    throw tooDeep(error)
  }
  // A tag that is not known is a warning.
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw noYaml(lines, problem.pos[0], problem.message)
  assertSmall(document, lines)
  if (!isMap(document.contents)) throw refused('must be a mapping')
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: maxAliases })
  } catch (error) {
    if (error instanceof ReferenceError) {
      const isBomb = error.message.startsWith('Excessive')
      throw refused(
        isBomb
          ? 'repeats itself too often by its aliases'
          : `has an alias of nothing: ${error.message.slice(0, 200)}`,
      )
    }
    if (error instanceof Error && error.message.startsWith('Merge sources')) {
      throw refused('has a merge key (<<) with something that is no mapping')
    }
    throw tooDeep(error)
  }
  return plainOf(value)
}

const noYaml = (lines: LineCounter, at: number, why: string) => {
  const { line, col } = lines.linePos(at)
  return refused(`is no YAML at line ${line}, column ${col}: ${why.slice(0, 200)}`)
}

/** Before aliases are followed. */
function assertSmall(document: ReturnType<typeof parseDocument>, lines: LineCounter): void {
  let [nodes, aliases] = [0, 0]
  visit(document, {
    Node: (_, node) => {
      if (++nodes > maxWritten) throw refused(`has more than ${maxWritten} values`)
      if (isAlias(node) && ++aliases > maxAliases) throw refused(`has more than ${maxAliases} aliases`)
      if (isMap(node)) assertUnique(node, lines)
    },
  })
}

function assertUnique({ items }: YAMLMap, lines: LineCounter): void {
  const known = new Set<unknown>()
  for (const { key } of items) {
    if (!isScalar(key)) continue
    if (known.has(key.value)) {
      const name = JSON.stringify(String(key.value).slice(0, 100))
      throw noYaml(lines, key.range?.[0] ?? 0, `the key ${name} is there twice`)
    }
    known.add(key.value)
  }
}

/** So that the parser, which calls itself for each level, never gets what would use up its stack. */
function assertShallow(text: string): void {
  const openings = text.match(/[[{]|(?:^|\s)[-?](?=\s)/g)?.length ?? 0
  if (openings <= maxDepth) return
  let depth = 0
  for (const line of text.split('\n')) {
    const [compact = ''] = /^(?:\s*[-?](?=\s))*/.exec(line) ?? []
    if ((compact.match(/[-?]/g)?.length ?? 0) > maxDepth)
      throw refused(`is nested more than ${maxDepth} levels deep`)
    for (const character of line) {
      if (character === '[' || character === '{') depth++
      else if ((character === ']' || character === '}') && depth > 0) depth--
      // In a text there may be more of the one than of the other; no file that is meant well has so many.
      if (depth > maxDepth * 16) throw refused(`is nested more than ${maxDepth} levels deep`)
    }
  }
}

function tooDeep(error: unknown): unknown {
  return error instanceof RangeError ? refused(`is nested more than ${maxDepth} levels deep`) : error
}

/** Bounded copies: what aliases share is counted as often as it stands there. */
function plainOf(root: unknown): Plain {
  let nodes = 0
  const copy = (value: unknown, depth: number): Plain => {
    if (++nodes > maxNodes) throw refused(`has more than ${maxNodes} values`)
    if (depth > maxDepth) throw refused(`is nested more than ${maxDepth} levels deep`)
    if (value === null || value === undefined) return null
    if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
    if (Array.isArray(value)) return value.map((one) => copy(one, depth + 1))
    if (typeof value !== 'object' || ArrayBuffer.isView(value))
      throw refused('has a value that is neither text, number, list nor mapping')
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        if (key === '__proto__') throw refused('has the key __proto__, which is none')
        return [key, copy(one, depth + 1)]
      }),
    )
  }
  return copy(root, 0)
}
