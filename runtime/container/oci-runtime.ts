import type { Isolation, Limits } from '../../protocol/api/index.js'
import type { ExecFiles } from './crun.js'
import type { ContainerSpec, Rlimit } from './spec.js'

/** A process that an exec started. */
export interface Executed {
  /** A child of whoever started it: the process itself, or one that ends as it does. */
  readonly pid: number
  /** Its number inside, when the host does not see it. */
  readonly inside: number | undefined
}

/** A process of a container. */
export interface InsideProcess {
  /** As `OciRuntime.signal` takes it. */
  readonly pid: number
  /** The process that leads its session, where that has a terminal or may have one; otherwise null. */
  readonly session: number | null
  /** Whether it ignores SIGTERM, as a shell at its prompt does. */
  readonly ignoresTerm: 'yes' | 'perhaps' | 'no'
}

/** Descriptors that become a process's streams, and its descriptors 3 and on. */
export type Stdio = readonly [stdin: number, stdout: number, stderr: number, ...more: number[]]

/** By its name, or, where it has none, as real-time signals have not, by its number. */
export type SignalSent = NodeJS.Signals | number

/** Gives the network namespace of a process its link. */
export type Connect = (pid: number) => Promise<void>

/** What a sandbox asks of its OCI runtime. crun and gVisor differ here, and nowhere else. */
export interface OciRuntime {
  readonly isolation: Isolation
  readonly program: string
  /** Whether a container that has no link can be given one while it runs. */
  readonly linksLater: boolean
  /** What it writes itself to the stderr of a command whose sandbox ends under it. */
  readonly lostCommand: RegExp | undefined
  /** Whether an exec can inherit a descriptor beyond the standard streams. */
  readonly inheritsDescriptors: boolean
  /**
   * Makes and starts the container of a bundle, whose cgroup stands.
   *
   * @param spec what `containerSpec` says
   * @param output a descriptor that becomes its stdout and stderr: the end of file there is the container's end
   * @returns the process whose end is the container's, as the host sees it
   * @throws ContainerError
   */
  start(id: string, bundle: string, spec: ContainerSpec, output: number, connect: Connect): Promise<number>
  /** Kills what runs in the container and forgets it. One that is gone already is no error. */
  remove(id: string): Promise<void>
  /** Every container that it knows. */
  list(): Promise<string[]>
  /** What `start` returned; undefined when there is no such container. */
  initOf(id: string): number | undefined
  /** A process whose root directory is the container's. */
  rootOf(id: string, init: number): number
  /** Starts a process in the container; returns once it stands. @throws ContainerError */
  exec(id: string, files: ExecFiles, stdio: Stdio): Promise<Executed>
  /** Kills what an exec has started, and its descendants. */
  kill(id: string, executed: Executed): Promise<void>
  /** Sends a signal to what an exec has started, and its descendants. One that has ended is no error. */
  signalTree(id: string, executed: Executed, name: NodeJS.Signals): Promise<void>
  /** How often `processes` may be asked at most, and how many of them may be sent a signal: it may cost a program each. */
  readonly signals: { readonly lookMs: number; readonly most: number }
  /**
   * Its processes but for the first; none when it has ended.
   * @param init what `start` returned
   * @param held those of its cgroup, as the host sees them
   */
  processes(id: string, init: number, held: readonly number[]): Promise<readonly InsideProcess[]>
  /** Sends signals to one of `processes`, one after the other. One that has ended is no error. */
  signal(id: string, pid: number, names: readonly SignalSent[]): Promise<void>
  /** Whether its containers can be moved to another cgroup while they run. Without that pooled ones are of no use. */
  readonly relocates: boolean
  /** The container's processes were moved to another cgroup. */
  relocated(id: string, cgroup: string): void
  /** Names the host that a running container sees. */
  nameHost(id: string, init: number, hostname: string): Promise<void>
  /** What a cgroup must allow, so that what runs inside has `limits`. */
  hostLimits(limits: Limits): Limits
  /** Bounds of each process inside, where the cgroup's alone would end the whole container. */
  rlimits(limits: Limits): Rlimit[]
  /** Whether a container that was started for some limits can be held to others while it runs. */
  adapts(from: Limits, to: Limits): boolean
}
