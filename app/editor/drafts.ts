import { createStore, del, delMany, get, keys, set, type UseStore } from 'idb-keyval'

/** Unsaved text, and the version of the file that it was made from. */
export interface Draft {
  readonly text: string
  /** Null for a file that was not there. */
  readonly base: string | null
}

const databaseName = 'cloche-unsaved'
let opened: UseStore | undefined

/** Opened when it is first needed. */
function store(): UseStore {
  opened ??= createStore(databaseName, 'drafts')
  return opened
}

/**
 * What was written in the editor and is not saved is kept in this browser, for each person. Storage can be forbidden or
 * full: the editor works without, and the browser asks before such a page is left.
 */
export class Drafts {
  readonly #prefix: string

  constructor(userId: string, sandboxId: string) {
    this.#prefix = `${userId}/${sandboxId}/`
  }

  async load(path: string): Promise<Draft | null> {
    return (await get<Draft>(this.#prefix + path, store()).catch(() => undefined)) ?? null
  }

  /** @returns whether it is kept */
  keep(path: string, draft: Draft): Promise<boolean> {
    return set(this.#prefix + path, draft, store()).then(
      () => true,
      () => false,
    )
  }

  async drop(path: string): Promise<void> {
    await del(this.#prefix + path, store()).catch(() => {})
  }

  /** The files that have one. */
  async paths(): Promise<readonly string[]> {
    const all = await keys<string>(store()).catch(() => [])
    return all.filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length))
  }
}

/** Removes those of everybody: the next person who signs in must not find them. */
export async function forgetUnsaved(): Promise<void> {
  const known = await keys(store()).catch(() => [])
  await delMany(known, store()).catch(() => {})
}
