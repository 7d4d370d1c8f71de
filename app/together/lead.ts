import type { Present } from '../lib/protocol'

/** What is known of another window that shows the file. */
export interface Peer {
  /** The id of the text that it has. */
  readonly text: string
  readonly hidden: boolean
}

/** Who saves: the first who came of those that have the same text and are looked at. */
export function leadOf(
  people: readonly Present[],
  own: { readonly id: string | null; readonly hidden: boolean; readonly text: string; readonly path: string },
  peers: ReadonlyMap<string, Peer>,
): string | null {
  const able = people
    .filter(({ mayType, files }) => mayType && files.includes(own.path))
    .filter(({ id }) => id === own.id || peers.get(id)?.text === own.text)
    .map((person) => ({
      ...person,
      hidden: person.id === own.id ? own.hidden : (peers.get(person.id)?.hidden ?? false),
    }))
    .toSorted(
      (one, other) =>
        Number(one.hidden) - Number(other.hidden) || one.since - other.since || (one.id < other.id ? -1 : 1),
    )
  // Before it is known who is there, nobody else saves what is here.
  return able[0]?.id ?? own.id
}
