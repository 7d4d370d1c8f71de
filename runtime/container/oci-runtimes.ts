import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Isolation } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { Reaper } from '../linux/process.js'
import type { Crun } from './crun.js'
import type { SeccompFilter } from './filter.js'
import type { OciRuntime } from './oci-runtime.js'
import { findRunsc, hardenedRuntime } from './runsc.js'
import { sealProgram } from './sealed.js'
import type { ContainerSpec } from './spec.js'
import { standardRuntime } from './standard.js'

/** The OCI runtimes of this node, by the isolation that they give. */
export class OciRuntimes {
  #problem: string | null = 'gVisor has not been tried yet'
  #trying: Promise<void> | undefined

  private constructor(
    private readonly standard: OciRuntime,
    private readonly hardened: OciRuntime | undefined,
    /** Where a bundle can be laid for a moment. */
    private readonly scratch: string,
  ) {}

  /**
   * @param run the instance's run directory, in which both keep their state of containers
   * @param owner which of the instance's processes this is
   */
  static async open(
    run: string,
    owner: 'runtime' | 'terminals',
    reaper: Reaper,
    filter?: SeccompFilter,
  ): Promise<OciRuntimes> {
    const crun: Crun = {
      program: sealProgram('crun', join(run, 'sealed', owner)),
      root: join(run, 'crun'),
    }
    const runsc = await findRunsc(join(run, 'runsc'))
    return new OciRuntimes(
      standardRuntime(crun, reaper, filter),
      runsc && hardenedRuntime(runsc, reaper),
      run,
    )
  }

  get all(): OciRuntime[] {
    return this.hardened === undefined ? [this.standard] : [this.standard, this.hardened]
  }

  /** @throws RuntimeRefusal `template_unavailable` */
  of(isolation: Isolation): OciRuntime {
    const ociRuntime = isolation === 'hardened' ? this.hardened : this.standard
    if (ociRuntime === undefined) throw new RuntimeRefusal('template_unavailable', notInstalled)
    return ociRuntime
  }

  /** The one that runs a container. */
  ofContainer(id: string): OciRuntime {
    return this.all.find((ociRuntime) => ociRuntime.initOf(id) !== undefined) ?? this.standard
  }

  /** Why no sandbox can be hardened here; null when they can. Before `tryHardened` nobody knows. */
  get hardenedProblem(): string | null {
    return this.hardened === undefined ? notInstalled : this.#problem
  }

  offers(isolation: Isolation): boolean {
    return isolation === 'standard' || this.hardenedProblem === null
  }

  /**
   * Finds out whether gVisor works on this host, by starting a container. Once.
   * @param spec of one that can be started from the host's own files
   */
  tryHardened(spec: ContainerSpec): Promise<void> {
    this.#trying ??= this.#try(spec)
    return this.#trying
  }

  async #try(spec: ContainerSpec): Promise<void> {
    const ociRuntime = this.hardened
    if (ociRuntime === undefined) return
    const bundle = mkdtempSync(join(this.scratch, 'probe-'))
    const id = 'probe'
    const output = openSync('/dev/null', 'w')
    try {
      await ociRuntime.remove(id)
      await ociRuntime.start(id, bundle, spec, output, async () => {})
      this.#problem = null
    } catch (error) {
      this.#problem = `gVisor does not work on this host: ${error instanceof Error ? error.message : error}`
    } finally {
      closeSync(output)
      await ociRuntime.remove(id)
      rmSync(bundle, { recursive: true })
    }
  }
}

const notInstalled = 'gVisor (the package runsc) is not installed on this host'
