/** A directory that is watched, by where it is believed to be. Names are bytes as latin1. */
export interface DirectoryNode {
  readonly key: string
  parent: DirectoryNode | null
  name: string
  readonly children: Map<string, DirectoryNode>
}

/** The directories of a watched tree, found by the key of their handle. */
export class DirectoryNodes {
  readonly #byKey = new Map<string, DirectoryNode>()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): DirectoryNode | undefined {
    return this.#byKey.get(key)
  }

  has(node: DirectoryNode): boolean {
    return this.#byKey.get(node.key) === node
  }

  add(key: string, parent: DirectoryNode | null, name: string): DirectoryNode {
    const node: DirectoryNode = { key, parent, name, children: new Map() }
    this.#byKey.set(key, node)
    parent?.children.set(name, node)
    return node
  }

  /** @returns false when it would lie in itself: then something here is out of date */
  move(node: DirectoryNode, parent: DirectoryNode, name: string): boolean {
    if (node.parent === parent && node.name === name) return true
    for (let above: DirectoryNode | null = parent; above !== null; above = above.parent) {
      if (above === node) return false
    }
    const displaced = parent.children.get(name)
    if (displaced !== undefined) this.forget(displaced)
    if (node.parent?.children.get(node.name) === node) node.parent.children.delete(node.name)
    node.parent = parent
    node.name = name
    parent.children.set(name, node)
    return true
  }

  /** A directory that is gone, with all below it. */
  forget(top: DirectoryNode): void {
    if (top.parent?.children.get(top.name) === top) top.parent.children.delete(top.name)
    const left = [top]
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      this.#byKey.delete(node.key)
      left.push(...node.children.values())
    }
  }

  /** The names from the top to it. */
  steps(node: DirectoryNode): string[] {
    const names: string[] = []
    for (let at = node; at.parent !== null; at = at.parent) names.push(at.name)
    return names.reverse()
  }
}
