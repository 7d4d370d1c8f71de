import { join } from 'node:path'
import type { Incident, Usage } from '../../protocol/api/index.js'
import type { Hierarchy } from '../cgroup/hierarchy.js'
import { keyed, type ReadSmall, readSmall } from '../cgroup/usage.js'
import type { OomKill } from '../linux/kernel-log.js'
import type { SandboxRecord } from './record.js'

const mib = 1024 ** 2
/** Of one sandbox. */
const keptMax = 8
/** A disk with less left is full for nearly every program. */
const fullBelowBytes = mib
/** And is so until it has more than this left. */
const roomAboveBytes = 2 * mib

/** What was seen of one sandbox. */
interface Seen {
  /** The latest last. */
  incidents: readonly Incident[]
  oomKills: number
  /** Kills that the log told and the counter has not yet. */
  told: number
  pidsRefused: number
  denied: number
  full: boolean
}

/**
 * What happened to sandboxes that people should know of, told by comparing counters whenever these are read anyway. The
 * names of processes come from the kernel's log, which is not always there and leaves out some of a burst: what only the
 * counter knows has no name. Lost with the runtime.
 */
export class Incidents {
  readonly #seen = new Map<string, Seen>()

  /** @param kills those since the last call, by the kernel's log */
  constructor(
    private readonly hierarchy: Pick<Hierarchy, 'mountOf'>,
    private readonly kills: () => readonly OomKill[],
    /** What a sandbox asked the network for and may not reach: the last host, and how many since it was started. */
    private readonly denied: (sandbox: SandboxRecord) => { host: string; count: number } | undefined,
    private readonly read: ReadSmall = readSmall,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Compares these sandboxes with the last time. @param usages of each of them */
  look(
    boxes: readonly SandboxRecord[],
    usages: readonly Usage[],
    all: readonly SandboxRecord[] = boxes,
  ): void {
    this.#takeLog(all)
    boxes.forEach((sandbox, at) => {
      const usage = usages[at]
      if (usage !== undefined && sandbox.init !== null) this.#compare(sandbox, usage)
    })
  }

  /** The latest last. */
  of({ id }: SandboxRecord): readonly Incident[] {
    return this.#seen.get(id)?.incidents ?? []
  }

  /** These are all that there are: what is known of others is forgotten. */
  keep(boxes: readonly SandboxRecord[]): void {
    const ids = new Set(boxes.map(({ id }) => id))
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id)
  }

  #takeLog(all: readonly SandboxRecord[]): void {
    const kills = this.kills()
    if (kills.length === 0) return
    for (const { cgroup, process } of kills) {
      const sandbox = all.find((one) => cgroup === one.cgroup || cgroup.startsWith(`${one.cgroup}/`))
      if (sandbox === undefined) continue
      const seen = this.#of(sandbox)
      seen.told++
      this.#add(seen, { kind: 'oom_kill', process, host: null, count: 1 })
    }
  }

  #compare(sandbox: SandboxRecord, { oomKills, diskBytes }: Usage): void {
    const known = this.#seen.get(sandbox.id)
    const seen = known ?? this.#of(sandbox)
    const pidsRefused = this.#pidsRefused(sandbox)
    const leftBytes = sandbox.limits.diskMiB * mib - diskBytes
    // What was counted before the first look is nothing new.
    if (known === undefined || seen.oomKills < 0) Object.assign(seen, { oomKills, pidsRefused, told: 0 })
    const unnamed = oomKills - seen.oomKills - seen.told
    if (unnamed > 0) this.#add(seen, { kind: 'oom_kill', process: null, host: null, count: unnamed })
    // A stop sets this counter back.
    const refused = pidsRefused - seen.pidsRefused
    if (refused > 0) this.#add(seen, { kind: 'pids_limit', process: null, host: null, count: refused })
    // A stop sets this one back as well. One incident stands for all hosts, or they would push out the others.
    const denied = this.denied(sandbox)
    const asked = (denied?.count ?? 0) - seen.denied
    if (denied !== undefined && asked > 0) {
      this.#add(seen, { kind: 'network_denied', process: null, host: denied.host, count: asked })
    }
    if (leftBytes < fullBelowBytes && !seen.full) {
      this.#add(seen, { kind: 'disk_full', process: null, host: null, count: 1 })
      seen.full = true
    } else if (leftBytes > roomAboveBytes) seen.full = false
    Object.assign(seen, {
      ...{ oomKills, pidsRefused, told: Math.max(0, -unnamed) },
      denied: denied?.count ?? 0,
    })
  }

  #of({ id }: SandboxRecord): Seen {
    const seen = this.#seen.get(id) ?? {
      incidents: [],
      oomKills: -1,
      told: 0,
      pidsRefused: 0,
      denied: 0,
      full: false,
    }
    this.#seen.set(id, seen)
    return seen
  }

  #pidsRefused({ cgroup }: SandboxRecord): number {
    const mount = this.hierarchy.mountOf('pids')
    return mount === undefined ? 0 : keyed(this.read(join(mount, cgroup, 'pids.events')), 'max')
  }

  /** One that happened before is counted, and is the latest again. */
  #add(seen: Seen, incident: Omit<Incident, 'at'>): void {
    const same = ({ kind, process }: Incident) => kind === incident.kind && process === incident.process
    const before = seen.incidents.find(same)?.count ?? 0
    const latest = { ...incident, count: before + incident.count, at: this.now().toISOString() }
    seen.incidents = [...seen.incidents.filter((one) => !same(one)), latest].slice(-keptMax)
  }
}
