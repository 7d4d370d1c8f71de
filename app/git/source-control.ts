import type { Run } from '../inside/run'
import { Store } from '../terminal/store'
import { splitCredentials } from './address'
import { type Credentials, clone, findRepositories, GitError, makeRepository, Repository } from './repository'
import type { Change, ChangeKind, Status } from './status'

export interface Seen {
  /** Paths of the repositories of the sandbox; null until they were looked for. */
  readonly roots: readonly string[] | null
  readonly repository: Repository | null
  readonly status: Status | null
  readonly branches: readonly string[]
  readonly hasRemote: boolean
  /** Why it is not known. */
  readonly error: unknown
  /** Something is being done. */
  readonly busy: boolean
}

/** A file whose changes are shown. */
export interface Compared {
  readonly repository: Repository
  readonly change: Change
  /** What the next commit has, beside the last; else what the disk has, beside the next. */
  readonly staged: boolean
}

/** What happened to the files of the repository that is shown, by their absolute paths. */
export function changesByPath({ repository, status }: Seen): ReadonlyMap<string, ChangeKind> {
  if (!repository || !status) return new Map()
  const all = [...status.staged, ...status.unstaged, ...status.conflicts]
  return new Map(all.map(({ path, kind }) => [`${repository.root}/${path.replace(/\/$/, '')}`, kind]))
}

/** Says who signs in at the other end; null when nobody does. `again` when what was said before was refused. */
export type AskCredentials = (again: boolean) => Promise<Credentials | null>

/** The git repositories of a sandbox, and one of them as it is shown. Kept outside of React, so that it outlives its pane. */
export class SourceControl {
  readonly seen = new Store<Seen>({
    ...{ roots: null, repository: null, status: null, branches: [], hasRemote: false, error: undefined },
    busy: false,
  })
  readonly compared = new Store<Compared | null>(null)
  /** Of this page only, and forgotten with it. */
  #credentials: Credentials | null = null
  #looking: Promise<void> | null = null

  constructor(
    private readonly run: Run,
    private readonly top: string,
  ) {}

  /** Looks for repositories, and at the one that is shown. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  async choose(root: string): Promise<void> {
    this.compared.set(null)
    this.#set({ repository: new Repository(root, this.run), status: null })
    await this.refresh()
  }

  /** Does something with the repository that is shown, and looks again. @throws GitError, or as the API refuses */
  act(what: (repository: Repository, status: Status) => Promise<unknown>): Promise<void> {
    return this.#busy(async () => {
      const { repository, status } = this.seen.get()
      if (repository && status) await what(repository, status)
    })
  }

  /** The same with somebody who is asked to sign in where that is needed. @returns whether it was done */
  async remote(
    what: (repository: Repository, status: Status, credentials: Credentials | null) => Promise<unknown>,
    ask: AskCredentials,
  ): Promise<boolean> {
    const act = (credentials: Credentials | null) =>
      this.act((repository, status) => what(repository, status, credentials))
    return this.#signingIn(act, ask)
  }

  /** @param known who signs in, when the address said it */
  async clone(typed: string, ask: AskCredentials, known: Credentials | null = null): Promise<boolean> {
    const { url, credentials: inAddress } = splitCredentials(typed)
    this.#credentials = known ?? inAddress ?? this.#credentials
    return this.#signingIn(
      (credentials) =>
        this.#busy(async () => {
          const root = await clone(this.run, { url, into: this.top, credentials })
          this.#set({ repository: new Repository(root, this.run), status: null })
        }),
      ask,
    )
  }

  async init(): Promise<void> {
    await this.#busy(() => makeRepository(this.run, this.top))
  }

  async #signingIn(act: (credentials: Credentials | null) => Promise<void>, ask: AskCredentials) {
    for (let again = this.#credentials !== null; ; again = true) {
      try {
        await act(this.#credentials)
        return true
      } catch (error) {
        if (!(error instanceof GitError && error.needsCredentials)) throw error
        this.#credentials = await ask(again)
        if (this.#credentials === null) return false
      }
    }
  }

  async #busy(what: () => Promise<unknown>): Promise<void> {
    this.#set({ busy: true })
    try {
      await what()
    } finally {
      await this.#looking // what it says may be from before
      await this.refresh()
      this.#set({ busy: false })
    }
  }

  async #look(): Promise<void> {
    try {
      const roots = await findRepositories(this.run, this.top)
      const chosen = this.seen.get().repository
      const root = chosen && roots.includes(chosen.root) ? chosen.root : roots[0]
      if (root === undefined) return this.#set({ roots, repository: null, status: null, error: undefined })
      const repository = chosen?.root === root ? chosen : new Repository(root, this.run)
      const [status, branches, hasRemote] = await Promise.all([
        repository.status(),
        repository.branches(),
        repository.hasRemote(),
      ])
      // Another one may have been chosen meanwhile.
      if (this.seen.get().repository !== chosen) return
      this.#set({ roots, repository, status, branches, hasRemote, error: undefined })
    } catch (error) {
      this.#set({ error })
    }
  }

  #set(change: Partial<Seen>): void {
    this.seen.set({ ...this.seen.get(), ...change })
  }
}
