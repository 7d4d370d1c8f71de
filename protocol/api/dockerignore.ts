import { nameMatcher } from './globs.js'

/** What a context is without, by the lines of its `.dockerignore`. The last line that names a path decides. */
export interface Ignored {
  /** Whether a path of the context is left out. */
  has(path: string): boolean
  /** Whether nothing below a directory that is left out can be taken back in. */
  readonly whole: boolean
}

/** `**` stands for any number of steps, and the others tell whether a step is theirs. */
type Pattern = readonly ('**' | ((step: string) => boolean))[]

interface Rule {
  readonly steps: Pattern
  readonly negated: boolean
}

/** @see https://docs.docker.com/build/concepts/context/#dockerignore-files */
export function parseIgnored(text: string): Ignored {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line): Rule[] => {
      const trimmed = line.trim()
      if (line.startsWith('#') || trimmed === '') return []
      const negated = trimmed.startsWith('!')
      const steps = cleaned(negated ? trimmed.slice(1).trim() : trimmed)
      if (steps.length === 0) return []
      return [{ steps: steps.map((step) => (step === '**' ? step : nameMatcher(step))), negated }]
    })
  return {
    has(path) {
      const steps = path.split('/').filter(Boolean)
      let ignored = false
      // One that is below what a line names is named as well.
      for (const { steps: pattern, negated } of rules) {
        if (ignored === negated && beginsWith(pattern, steps)) ignored = !negated
      }
      return ignored
    },
    whole: !rules.some(({ negated }) => negated),
  }
}

/** The lines that say something. */
export const rulesIn = (text: string): string[] =>
  text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))

function cleaned(pattern: string): string[] {
  const steps: string[] = []
  for (const step of pattern.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.' && !(step === '**' && steps.at(-1) === '**')) steps.push(step)
  }
  return steps
}

/** Whether the pattern matches the path, or one of the directories that it is in. */
function beginsWith(pattern: Pattern, path: readonly string[]): boolean {
  // Which of the pattern's beginnings match the steps until now.
  let reached = new Set([0])
  const skip = (ends: Set<number>) => {
    // At the end of a pattern it stands for something: `a/**` is what is in `a`, and not `a`.
    for (const end of ends) if (pattern[end] === '**' && end < pattern.length - 1) ends.add(end + 1)
    return ends
  }
  reached = skip(reached)
  for (const step of path) {
    const next = new Set<number>()
    for (const end of reached) {
      const part = pattern[end]
      if (part === undefined) continue
      if (part === '**') next.add(end === pattern.length - 1 ? pattern.length : end)
      else if (part(step)) next.add(end + 1)
    }
    reached = skip(next)
    if (reached.has(pattern.length)) return true
    if (reached.size === 0) return false
  }
  return false
}
