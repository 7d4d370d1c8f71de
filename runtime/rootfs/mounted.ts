import type { Rootfs } from './rootfs.js'

interface Mounted {
  readonly rootfs: Rootfs
  users: number
}

/**
 * The roots that are mounted on the host at the moment, each once: two overlay file systems on one upper directory at a
 * time are undefined. Who reads files of a stopped sandbox and who starts it meanwhile use the same one.
 * @see https://docs.kernel.org/filesystems/overlayfs.html, Sharing and copying layers
 */
export class MountedRoots {
  readonly #roots = new Map<string, Mounted>()
  readonly #ending = new Map<string, Promise<void>>()

  /**
   * A root until it is disposed of. Callers for one place come one after the other.
   * @param at where `mount` mounts it
   */
  async use(at: string, mount: () => Rootfs): Promise<Rootfs> {
    await this.#ending.get(at)
    const root = this.#roots.get(at) ?? { rootfs: mount(), users: 0 }
    root.users++
    this.#roots.set(at, root)
    const leave = async () => {
      root.users--
      if (root.users > 0 || this.#roots.get(at) !== root) return
      this.#roots.delete(at)
      await this.#end(at, root.rootfs)
    }
    return { path: root.rootfs.path, [Symbol.asyncDispose]: leave }
  }

  /** Whether somebody uses what is mounted at a place. Nobody does between two uses of one who waits for this. */
  async isUsed(at: string): Promise<boolean> {
    await this.#ending.get(at)
    return this.#roots.has(at)
  }

  /** Leaves the mounts at a place to the caller, whoever still uses them. */
  async forget(at: string): Promise<void> {
    await this.#ending.get(at)
    this.#roots.delete(at)
  }

  async #end(at: string, rootfs: Rootfs): Promise<void> {
    const ended = Promise.resolve(rootfs[Symbol.asyncDispose]())
    const settled = ended.catch(() => {}) // told to who has ended it
    this.#ending.set(at, settled)
    void settled.then(() => this.#ending.delete(at))
    await ended
  }
}
