import type { z } from 'zod'
import type { Language } from '../../lib/protocol'
import type { CompareMode, CreateRun, createRun, RunFile } from '../../lib/protocol-runs'
import { exampleOf } from './examples'
import type { Program } from './program'
import { textOf } from './text'

/** What is sent: what is absent has its default. */
export type RunRequest = z.input<typeof createRun>

export interface CaseDraft {
  /** For the page only: rows keep their place in it. */
  readonly key: string
  readonly name: string
  readonly stdin: string
  readonly expected: string
  readonly compare: CompareMode
}

export interface Draft {
  readonly language: string
  /** By language: whoever looks at another comes back to their own. */
  readonly programs: Readonly<Record<string, Program>>
  readonly cases: readonly CaseDraft[]
  /** The request that it began with: what the page does not edit stays as it was. */
  readonly base: RunRequest
}

export const emptyCase = (): CaseDraft => ({
  ...{ key: crypto.randomUUID(), name: '', stdin: '', expected: '', compare: 'trimmed' },
})

export function programOf(draft: Draft): Program {
  return draft.programs[draft.language] ?? exampleOf(draft.language)
}

export function withProgram(draft: Draft, change: Partial<Program>): Draft {
  const program = { ...programOf(draft), ...change }
  return { ...draft, programs: { ...draft.programs, [draft.language]: program } }
}

/** The name of a run is its metadata's `name`; an empty one is none. */
export function nameOf({ base }: Draft): string {
  return base.metadata?.name ?? ''
}

export function withName(draft: Draft, name: string): Draft {
  const { name: _, ...others } = draft.base.metadata ?? {}
  const { metadata: __, ...base } = draft.base
  const metadata = name === '' ? others : { ...others, name }
  return { ...draft, base: Object.keys(metadata).length > 0 ? { ...base, metadata } : base }
}

export function draftOf(languages: readonly Language[]): Draft {
  return { language: languages[0]?.name ?? '', programs: {}, cases: [], base: {} }
}

/** Begins with what a run asked for; null when that is no program of a language, or not text. */
export function draftFrom(request: CreateRun, languages: readonly Language[]): Draft | null {
  const { language: wanted, files, stdin, stdinEncoding, cases = [] } = request
  const [name = ''] = wanted?.split('@') ?? []
  const language = languages.find((one) => one.name === name || one.aliases.includes(name))
  const [program] = files
  if (!language || !program) return null
  const code = textOf(program.content, program.encoding)
  const input = textOf(stdin ?? '', stdinEncoding)
  const inputs = cases.map((one) => textOf(one.stdin, stdinEncoding))
  if (code === null || input === null || inputs.includes(null)) return null
  // A case's arguments have no field here; dropping them would change what the case asks.
  if (cases.some((one) => one.args !== undefined)) return null
  return {
    language: language.name,
    programs: { [language.name]: { code, stdin: input } },
    cases: cases.map((one, at) => ({
      ...{ key: crypto.randomUUID(), name: one.name ?? '', stdin: inputs[at] ?? '' },
      ...{ expected: one.expected ?? '', compare: one.compare },
    })),
    base: keptOf(request),
  }
}

function keptOf(request: CreateRun): RunRequest {
  const { language, stdin, stdinEncoding, cases, ...kept } = again(request)
  return kept
}

/** The request that a draft stands for. */
export function requestOf(draft: Draft, language: Language): RunRequest {
  const { code, stdin } = programOf(draft)
  const [first, ...others] = draft.base.files ?? []
  // Another language wants another ending.
  const ending = (path: string) => path.slice(path.lastIndexOf('.'))
  const path = first && ending(first.path) === ending(language.file) ? first.path : language.file
  const request: RunRequest = {
    ...draft.base,
    language: draft.language,
    files: [{ path, content: code }, ...others],
  }
  if (draft.cases.length > 0) return { ...request, cases: draft.cases.map(caseOf) }
  return stdin === '' ? request : { ...request, stdin }
}

function caseOf({ name, stdin, expected, compare }: CaseDraft) {
  return {
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    stdin,
    ...(expected === '' ? {} : { expected }),
    ...unusual(compare),
  }
}

/**
 * The same work, without what says no more than the default. Who waited for the first, or was called back, did not
 * ask for this one.
 */
export function again(request: CreateRun): RunRequest {
  const { wait, callbackUrl, files, cases, stdinEncoding, network, stopOnFailure, ...rest } = request
  return {
    ...rest,
    ...(files.length > 0 ? { files: files.map(fileOf) } : {}),
    ...(cases ? { cases: cases.map(({ compare, ...one }) => ({ ...one, ...unusual(compare) })) } : {}),
    ...(stdinEncoding === 'utf8' ? {} : { stdinEncoding }),
    ...(network === 'none' ? {} : { network }),
    ...(stopOnFailure ? { stopOnFailure } : {}),
  }
}

const unusual = (compare: CompareMode) => (compare === 'trimmed' ? {} : { compare })

function fileOf({ path, content, encoding, executable }: RunFile) {
  return {
    ...{ path, content },
    ...(encoding === 'utf8' ? {} : { encoding }),
    ...(executable ? { executable } : {}),
  }
}
