/** Open files that share a place: one of them is shown. */
export interface Group<T> {
  readonly documents: readonly T[]
  readonly active: T | null
}

/** Groups beside each other, from the left. There is always one; only that one may be empty. */
export interface Groups<T> {
  readonly groups: readonly Group<T>[]
  /** Where a file is opened. */
  readonly focused: number
}

/** Beside each other: more leave each of them too little room. */
export const groupsMax = 3

export const noGroups = { groups: [{ documents: [], active: null }], focused: 0 } as const

export const groupOf = <T>({ groups }: Groups<T>, document: T): number =>
  groups.findIndex(({ documents }) => documents.includes(document))

export const allOf = <T>({ groups }: Groups<T>): readonly T[] => groups.flatMap(({ documents }) => documents)

export const activeOf = <T>({ groups, focused }: Groups<T>): T | null => groups[focused]?.active ?? null

/** Shows a document in the group that has it, else in the focused one, which it joins. */
export function shown<T>(all: Groups<T>, document: T): Groups<T> {
  const known = groupOf(all, document)
  const at = known < 0 ? all.focused : known
  return {
    groups: all.groups.map((group, index) =>
      index !== at
        ? group
        : {
            documents: known < 0 ? [...group.documents, document] : group.documents,
            active: document,
          },
    ),
    focused: at,
  }
}

/** Takes a document out. Its neighbour is shown instead, and a group without documents goes. */
export function without<T>({ groups, focused }: Groups<T>, document: T): Groups<T> {
  const left = groups.map(({ documents, active }) => {
    const at = documents.indexOf(document)
    if (at < 0) return { documents, active }
    const rest = documents.filter((one) => one !== document)
    return {
      documents: rest,
      active: active === document ? (rest[Math.min(at, rest.length - 1)] ?? null) : active,
    }
  })
  return compact({ groups: left, focused })
}

/** Moves a document to the end of another group; `to` past the last one makes a group for it. */
export function moved<T>(all: Groups<T>, document: T, to: number): Groups<T> {
  const from = groupOf(all, document)
  const alone = all.groups[from]?.documents.length === 1
  const isNew = to < 0 || to >= all.groups.length
  if (from < 0 || to === from || (isNew && (alone || all.groups.length >= groupsMax))) return all
  const taken = without({ groups: all.groups, focused: from }, document)
  // An emptied group was before or behind where it goes.
  const target = alone && from < to ? to - 1 : to
  const own = { documents: [document], active: document }
  if (to < 0) return { groups: [own, ...taken.groups], focused: 0 }
  if (target >= taken.groups.length) return { groups: [...taken.groups, own], focused: taken.groups.length }
  return {
    groups: taken.groups.map((group, index) =>
      index === target ? { documents: [...group.documents, document], active: document } : group,
    ),
    focused: target,
  }
}

function compact<T>({ groups, focused }: Groups<T>): Groups<T> {
  const kept = groups.filter(({ documents }) => documents.length > 0)
  if (kept.length === 0) return noGroups
  const before = groups.slice(0, focused).filter(({ documents }) => documents.length > 0).length
  return { groups: kept, focused: Math.min(before, kept.length - 1) }
}
