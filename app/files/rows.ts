import type { FileEntry } from '../lib/protocol'

/** What is known of a directory. Entries stay while they are read again. */
export interface Listing {
  readonly entries: readonly FileEntry[]
  /** There are more than the API lists at once. */
  readonly truncated: boolean
  readonly loading: boolean
  readonly error: unknown
}

/** A name that is being typed: a new one in a directory, or another one for an entry. */
export type Naming =
  | {
      readonly kind: 'new'
      readonly type: 'file' | 'directory'
      readonly parent: string
      /** Tells it from the one before, which may still be on its way to the server. */
      readonly serial: number
    }
  | { readonly kind: 'rename'; readonly path: string }

export interface EntryRow {
  readonly kind: 'entry'
  readonly entry: FileEntry
  readonly level: number
  readonly parent: string
  /** From 1, among the entries of the directory. */
  readonly position: number
  readonly siblings: number
  /** Null for what cannot be expanded. */
  readonly expanded: boolean | null
}

export type Row =
  | EntryRow
  | {
      readonly kind: 'new'
      readonly serial: number
      readonly type: 'file' | 'directory'
      readonly parent: string
      readonly level: number
    }
  | { readonly kind: 'loading' | 'empty' | 'truncated'; readonly parent: string; readonly level: number }
  | { readonly kind: 'failed'; readonly parent: string; readonly level: number; readonly error: unknown }

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Directories first, then by name, numbers in names by their value. */
export function sorted(entries: readonly FileEntry[]): readonly FileEntry[] {
  const rank = ({ type }: FileEntry) => (type === 'directory' ? 0 : 1)
  return [...entries].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name))
}

/** The lines of the tree from the top down. */
export function rowsOf(
  root: string,
  listings: ReadonlyMap<string, Listing>,
  expanded: ReadonlySet<string>,
  naming: Naming | null,
): readonly Row[] {
  const rows: Row[] = []
  addDirectory(root, 1)
  return rows

  function addDirectory(parent: string, level: number): void {
    if (naming?.kind === 'new' && naming.parent === parent) {
      rows.push({ kind: 'new', type: naming.type, parent, level, serial: naming.serial })
    }
    const listing = listings.get(parent)
    if (!listing || (listing.loading && listing.entries.length === 0)) {
      rows.push({ kind: 'loading', parent, level })
      return
    }
    if (listing.error !== undefined) {
      rows.push({ kind: 'failed', parent, level, error: listing.error })
      return
    }
    if (listing.entries.length === 0) rows.push({ kind: 'empty', parent, level })
    for (const [index, entry] of listing.entries.entries()) {
      const open = expanded.has(entry.path)
      const expandable = entry.type === 'directory' || (entry.type === 'symlink' && open)
      rows.push({
        kind: 'entry',
        entry,
        level,
        parent,
        position: index + 1,
        siblings: listing.entries.length,
        expanded: expandable ? open : null,
      })
      if (expandable && open) addDirectory(entry.path, level + 1)
    }
    if (listing.truncated) rows.push({ kind: 'truncated', parent, level })
  }
}
