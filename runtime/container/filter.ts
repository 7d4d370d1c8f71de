import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Crun } from './crun.js'

/** The part of an OCI configuration that carries the seccomp filter. */
export interface SeccompConfig {
  readonly seccomp?: object
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * The seccomp filter of all sandboxes. To compile the profile takes libseccomp 11 ms, more than all the rest of
 * a container's birth, and gives the same program each time: crun leaves it beside the first container's
 * state, and from then on it is handed over as it is.
 *
 * @see crun(1), `run.oci.seccomp_bpf_data`
 */
export class SeccompFilter {
  #program: string | undefined

  /** @param profile from `readSeccomp` */
  constructor(private readonly profile: object) {}

  config(): SeccompConfig {
    if (this.#program === undefined) return { seccomp: this.profile }
    return { annotations: { 'run.oci.seccomp_bpf_data': this.#program } }
  }

  /** Takes over the program that was compiled for a container which runs now. */
  learn(runtime: Crun, id: string): void {
    if (this.#program !== undefined) return
    try {
      this.#program = readFileSync(join(runtime.root, id, 'seccomp.bpf'), 'base64')
    } catch {
      // An OCI runtime that keeps no program compiles the profile each time.
    }
  }
}
