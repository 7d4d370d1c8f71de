/** Which sandboxes may reach one another: those of one group that share a network. */
export interface Group {
  /** Nobody chooses it: it names the tenant. */
  readonly id: string
  readonly networks: readonly string[]
}

/** Who is in which group, by their addresses. Only those that have a link are in one. */
export class Groups {
  readonly #groups = new Map<string, Group>()

  /** @returns the others whose peers have changed by this */
  set(address: string, group: Group | undefined): string[] {
    const before = this.#groups.get(address)
    if (before === undefined && group === undefined) return []
    if (group === undefined) this.#groups.delete(address)
    else this.#groups.set(address, group)
    return [...this.#groups]
      .filter(([other, { id }]) => other !== address && (id === before?.id || id === group?.id))
      .map(([other]) => other)
  }

  peersOf(address: string): Set<string> {
    const own = this.#groups.get(address)
    if (own === undefined) return new Set()
    const shares = ({ id, networks }: Group) =>
      id === own.id && networks.some((network) => own.networks.includes(network))
    return new Set(
      [...this.#groups].filter(([other, group]) => other !== address && shares(group)).map(([one]) => one),
    )
  }
}
