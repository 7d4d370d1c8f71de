import type { PoolSchedule, WarmRequest } from '../../protocol/api/index.js'
import type { OciRuntimes } from '../container/oci-runtimes.js'
import { RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { sizeClass } from '../sandbox/size.js'
import { type Key, nameOf, runMemoryMiB } from './key.js'

/** Always ready of each hardened template: one costs some 60 MiB while it waits, where a standard one costs 1. */
const mostHardened = 1

/** How many are always ready of each template. */
export interface Floors {
  readonly sandboxes: number
  readonly runs: number
}

/** Which pools this node can have: what its templates and its OCI runtimes offer, and what of that is always ready. */
export class Offer {
  constructor(
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly ociRuntimes: Pick<OciRuntimes, 'offers'>,
    private readonly floors: Floors,
  ) {}

  template(name: string): LocalTemplate | undefined {
    return this.templates().get(name)
  }

  /** The pool that a reservation is about. */
  keyOf(request: PoolSchedule | WarmRequest): Key {
    const { template, isolation, purpose, memoryMiB } = request
    if (purpose === 'run') return { template, isolation, purpose, memoryMiB: runMemoryMiB }
    // A reservation of a template that went away stays, for it may come back; what is asked anew is checked by its caller.
    const wanted = memoryMiB ?? this.template(template)?.defaults.memoryMiB ?? 16
    return { template, isolation, purpose, memoryMiB: sizeClass(wanted) }
  }

  includes({ template, isolation }: Pick<Key, 'template' | 'isolation'>): boolean {
    const found = this.template(template)
    // A claim moves a sandbox to another cgroup, from under a systemd that manages it.
    if (found === undefined || found.system) return false
    return found.isolation.includes(isolation) && this.ociRuntimes.offers(isolation)
  }

  /** @throws RuntimeRefusal `template_unavailable` */
  assertIncludes({ template, isolation, purpose }: PoolSchedule | WarmRequest): void {
    if (purpose === 'run' && isolation !== 'standard') {
      throw new RuntimeRefusal('invalid_request', 'runs are performed in standard sandboxes')
    }
    if (this.includes({ template, isolation })) return
    throw new RuntimeRefusal('template_unavailable', `this node has no ${isolation} template ${template}`)
  }

  /** The pools that are there whether somebody has reserved anything or not. */
  always(): Key[] {
    return [...this.templates().values()].flatMap(({ name, isolation, defaults, image, listed }) => {
      // Of imported images there may be many, and most are for somebody's few sandboxes.
      if (image !== null || !listed) return []
      const memoryMiB = sizeClass(defaults.memoryMiB)
      const forSandboxes = isolation.map((one): Key => {
        return { template: name, isolation: one, memoryMiB, purpose: 'sandbox' }
      })
      const forRuns: Key = { template: name, isolation: 'standard', memoryMiB: runMemoryMiB, purpose: 'run' }
      return [...forSandboxes, forRuns].filter((key) => this.includes(key))
    })
  }

  /** How many of a pool are always ready. */
  floorOf(key: Key): number {
    if (!this.always().some((one) => nameOf(one) === nameOf(key))) return 0
    return this.#floor(key)
  }

  /** What the floors cost, for whoever shares the budget out. */
  costs(): { isolation: Key['isolation']; count: number; label: string }[] {
    const wants = this.always().map((key) => {
      const { template, isolation, purpose } = key
      const label = `always ready: ${template}${purpose === 'run' ? ' for runs' : ''}`
      return { isolation, count: this.#floor(key), label }
    })
    return wants.filter(({ count }) => count > 0)
  }

  #floor({ isolation, purpose }: Key): number {
    if (purpose === 'run') return this.floors.runs
    return isolation === 'hardened' ? Math.min(mostHardened, this.floors.sandboxes) : this.floors.sandboxes
  }
}
