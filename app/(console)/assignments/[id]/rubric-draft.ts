import type { Rubric } from '../../../lib/protocol-assignments'
import { freeId } from './step-draft'

/** A criterion while it is edited. */
export interface CriterionDraft {
  /** Of the criterion as it is stored; null for a new one. */
  readonly id: string | null
  /** Tells the rows of the form apart. */
  readonly key: number
  readonly title: string
  /** A level on each line: points, then words. */
  readonly levels: string
}

export function draftsOfRubric(rubric: Rubric): readonly CriterionDraft[] {
  return rubric.map(({ id, title, levels }, key) => ({
    ...{ id, key, title },
    levels: levels.map(({ points, text }) => `${points} ${text.replaceAll('\n', ' ')}`.trim()).join('\n'),
  }))
}

export function newCriterion(drafts: readonly CriterionDraft[]): CriterionDraft {
  const key = Math.max(-1, ...drafts.map((one) => one.key)) + 1
  return { id: null, key, title: '', levels: '' }
}

const level = /^(\d+(?:[.,]\d+)?)(?:\s+(.*))?$/

/** As the API takes it, or the title of the first criterion of which a level is none. */
export function rubricOf(drafts: readonly CriterionDraft[]): { rubric: Rubric } | { wrong: string } {
  const taken = new Set(drafts.map(({ id }) => id))
  const rubric: Rubric = []
  for (const { id, title, levels } of drafts) {
    const lines = levels
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
    const read = lines.map((line) => level.exec(line))
    if (lines.length === 0 || read.includes(null)) return { wrong: title }
    const own = id ?? freeId(title, taken, 'criterion')
    taken.add(own)
    rubric.push({
      ...{ id: own, title },
      levels: read.map((found) => ({
        points: Number(found?.[1]?.replace(',', '.')),
        text: found?.[2] ?? '',
      })),
    })
  }
  return { rubric }
}
