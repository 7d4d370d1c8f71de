import { z } from 'zod'
import '../lib/jitless'
import { Store } from '../terminal/store'
import { type Range, range } from './messages'
import { pathOf } from './uri'

/** Of one file, and of how many files: a server inside may send any number. */
const perFileMax = 1000
const filesMax = 2000
/** Characters of what a server wants to hear again. */
const dataMax = 4096

const diagnostic = z.object({
  range,
  severity: z.int().optional().catch(1),
  code: z.union([z.string(), z.number()]).optional().catch(undefined),
  source: z.string().optional().catch(undefined),
  data: z.unknown().optional(),
  message: z.string().or(z.object({ value: z.string() }).transform(({ value }) => value)),
})
const published = z.object({
  uri: z.string(),
  version: z.number().nullish().catch(null),
  diagnostics: z.array(z.unknown()),
})

export const severities = ['error', 'warning', 'info', 'hint'] as const
export type Severity = (typeof severities)[number]

export interface Problem {
  readonly path: string
  readonly severity: Severity
  readonly message: string
  /** Who says it, and its number there, such as `ts 2322`. */
  readonly origin: string
  readonly range: Range
  /** As the server said it: it wants to hear that again when it is asked for a fix. */
  readonly said: object
}

export interface Published {
  readonly path: string
  /** The version of the document that it is of, where the server says. */
  readonly version: number | null
  readonly problems: readonly Problem[]
}

/** Reads what a server publishes of a file; null for what is no such thing. */
export function readPublished(params: unknown): Published | null {
  const parsed = published.safeParse(params)
  const path = parsed.success ? pathOf(parsed.data.uri) : null
  if (!parsed.success || path === null) return null
  const problems = parsed.data.diagnostics.slice(0, perFileMax).flatMap((one): Problem[] => {
    const read = diagnostic.safeParse(one)
    if (!read.success) return []
    const { message, severity, source, code, data, range: at } = read.data
    const kept = JSON.stringify(data ?? null).length <= dataMax ? data : undefined
    return [
      {
        ...{ path, range: at, message: message.slice(0, 2000) },
        severity: severities[(severity ?? 1) - 1] ?? 'error',
        origin: [source, code]
          .filter((part) => part !== undefined && part !== '')
          .join(' ')
          .slice(0, 80),
        said: { range: at, message: message.slice(0, 2000), severity, source, code, data: kept },
      },
    ]
  })
  return { path, version: parsed.data.version ?? null, problems }
}

export type ProblemsByPath = ReadonlyMap<string, readonly Problem[]>

/** What is wrong with the files, as the language servers say. */
export class Problems extends Store<ProblemsByPath> {
  readonly #of = new Map<object, Map<string, readonly Problem[]>>()

  constructor() {
    super(new Map())
  }

  /** @param server replaces what it said of the file before */
  publish(server: object, { path, problems }: Published): void {
    const known = this.#of.get(server) ?? new Map<string, readonly Problem[]>()
    this.#of.set(server, known)
    if (problems.length === 0) {
      if (!known.delete(path)) return
    } else if (known.has(path) || known.size < filesMax) known.set(path, problems)
    this.#tell()
  }

  saidBy(server: object, path: string): readonly Problem[] {
    return this.#of.get(server)?.get(path) ?? []
  }

  /** Forgets what a server said. */
  drop(server: object): void {
    if (this.#of.delete(server)) this.#tell()
  }

  #tell(): void {
    const all = new Map<string, readonly Problem[]>()
    for (const files of this.#of.values()) {
      for (const [path, problems] of files) all.set(path, [...(all.get(path) ?? []), ...problems])
    }
    this.set(all)
  }
}

/** How many there are, of each severity. */
export function countOf(problems: ProblemsByPath): Readonly<Record<Severity, number>> {
  const counts = { error: 0, warning: 0, info: 0, hint: 0 }
  for (const some of problems.values()) for (const { severity } of some) counts[severity]++
  return counts
}

/** As they are listed: by file, errors first, then by place; hints are left to the text. */
export function listed(problems: ProblemsByPath): readonly (readonly [string, readonly Problem[]])[] {
  const order = (a: Problem, b: Problem) =>
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    a.range.start.line - b.range.start.line ||
    a.range.start.character - b.range.start.character
  return [...problems]
    .map(
      ([path, some]) => [path, some.filter(({ severity }) => severity !== 'hint').toSorted(order)] as const,
    )
    .filter(([, some]) => some.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
