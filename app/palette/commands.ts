'use client'

import { createContext, useContext, useEffect, useState } from 'react'
import { Store } from '../terminal/store'

/** Something that can be chosen by its name. */
export interface Command {
  readonly name: string
  /** The keys that do the same. */
  readonly keys?: string
  readonly run: () => void
}

/** What can be done in a workspace now. Each piece of the page adds what it can do while it is shown. */
export class Commands {
  readonly all = new Store<readonly Command[]>([])
  readonly #of = new Map<object, readonly Command[]>()

  set(owner: object, commands: readonly Command[]): void {
    this.#of.set(owner, commands)
    this.all.set([...this.#of.values()].flat())
  }

  remove(owner: object): void {
    this.#of.delete(owner)
    this.all.set([...this.#of.values()].flat())
  }
}

export const CommandsContext = createContext(new Commands())

/** Adds commands while the component is shown. */
export function useCommands(commands: readonly Command[]): void {
  const registry = useContext(CommandsContext)
  const [owner] = useState(() => ({}))
  useEffect(() => registry.set(owner, commands))
  useEffect(() => () => registry.remove(owner), [registry, owner])
}
