/** Something else that makes containers, or runs a program apart from others. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  /** Makes one with a program that waits, and returns its name. @throws when it cannot be done here */
  create(network: boolean): Promise<string>
  /** Runs `true` in it. */
  exec?(id: string): Promise<void>
  /** Makes one without a network, runs `true` in it, and removes it. */
  once?(): Promise<void>
  remove(id: string): Promise<void>
  /** MiB of host memory that an idle one costs, with what stands beside it. */
  memoryOf?(id: string): Promise<number>
  /** Networks that it knows here. */
  readonly networks: readonly boolean[]
}

/** What a peer needs to come up. */
export interface Ground {
  /** A directory of the benchmark's own. */
  readonly directory: string
  /** A network namespace with nothing but loopback, where daemons and bridges live. */
  readonly namespace: string
  /** A cgroup of the benchmark's own. */
  readonly cgroup: string
  /** An unpacked root file system, never written to. */
  readonly rootfs: string
  /** The same as a tar archive. */
  readonly image: string
}
