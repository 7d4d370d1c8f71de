import { collect, type ExecEvent, type ExecOptions, execEvents } from './exec.js'
import { Files } from './files.js'
import type { Http } from './http.js'
import { LanguageServers } from './language-servers.js'
import { Ports } from './ports.js'
import { Processes } from './processes.js'
import { Shares } from './shares.js'
import { Terminals } from './terminals.js'
import type {
  Command,
  DiskChanges,
  ExecResult,
  RestoredSandbox,
  SandboxDescription,
  SnapshotDescription,
  SshAccess,
  UpdateSandbox,
  VolumeMount,
} from './types.js'

/**
 * One sandbox: an isolated Linux box with a disk of its own, from its creation until it is deleted.
 *
 * @example
 * await using sandbox = await cloche.sandboxes.create() // deleted at the end of the block
 * const { stdout, exitCode } = await sandbox.exec('uname -a')
 */
export class Sandbox {
  readonly files: Files
  readonly languageServers: LanguageServers
  readonly ports: Ports
  readonly processes: Processes
  readonly shares: Shares
  readonly terminals: Terminals
  readonly #http: Http

  /** @internal */
  constructor(
    http: Http,
    readonly id: string,
  ) {
    this.#http = http
    this.files = new Files(http, id)
    this.languageServers = new LanguageServers(http, id)
    this.ports = new Ports(http, id)
    this.processes = new Processes(http, id)
    this.shares = new Shares(http, id)
    this.terminals = new Terminals(http, id)
  }

  /** Its state, limits, and what it uses now. @throws NotFound */
  describe(): Promise<SandboxDescription> {
    return this.#http.json({ method: 'GET', path: `/sandboxes/${this.id}` })
  }

  /**
   * Runs one command and waits for its end. Of each stream 8 MiB are kept.
   *
   * @param command a string is run by `/bin/sh -c`; an array is a program and its arguments, and no shell sees it
   * @throws SandboxNotRunning, InvalidRequest when there is no such program; a failing command throws nothing
   * @example
   * const { stdout } = await sandbox.exec(['python3', '-c', 'print(6 * 7)'])
   * await sandbox.exec('make', { cwd: 'project', timeoutMs: 600_000, onStdout: (text) => print(text) })
   */
  exec(
    command: Command,
    options: ExecOptions & { onStdout?: (text: string) => void; onStderr?: (text: string) => void } = {},
  ): Promise<ExecResult> {
    const { onStdout, onStderr, ...rest } = options
    return collect(execEvents(this.#http, this.id, command, rest), { onStdout, onStderr })
  }

  /**
   * The same, as it happens and byte for byte; the last event is `exit`. Whoever stops listening kills the command.
   *
   * @example
   * for await (const event of sandbox.execEvents('tail -f log')) {
   *   if (event.type === 'stdout') process.stdout.write(event.bytes)
   * }
   */
  execEvents(command: Command, options: ExecOptions = {}): AsyncGenerator<ExecEvent, void, undefined> {
    return execEvents(this.#http, this.id, command, options)
  }

  /** Changes its name, limits, network, lifetime or metadata. @throws QuotaExceeded */
  update(change: UpdateSandbox): Promise<SandboxDescription> {
    return this.#http.json({ method: 'PATCH', path: `/sandboxes/${this.id}`, json: change })
  }

  /**
   * Says that somebody uses it: it stays awake for as long as its policy `idle` says from now on, and wakes when it sleeps.
   * What this program holds open, such as a terminal, keeps it awake without.
   *
   * @throws SandboxNotRunning; QuotaExceeded when one that was stopped has no room
   */
  keepAwake(): Promise<void> {
    return this.#http.done({ method: 'POST', path: `/sandboxes/${this.id}/keep-awake` })
  }

  /**
   * Lets a key in by SSH for five minutes: one that was made for this, so that nobody need keep one at the server. A connection that is
   * open then goes on. Asked again with the same key it lasts longer.
   *
   * @param publicKey one line, as of `id_ed25519.pub`
   * @throws Conflict for a key that lets in somebody else
   */
  sshAccess(publicKey: string): Promise<SshAccess> {
    return this.#http.json({ method: 'POST', path: `/sandboxes/${this.id}/ssh-access`, json: { publicKey } })
  }

  /** Freezes every process. Memory stays in use. */
  pause(): Promise<SandboxDescription> {
    return this.#act('pause')
  }

  /** Lets them go on. */
  resume(): Promise<SandboxDescription> {
    return this.#act('resume')
  }

  /**
   * Ends every process and keeps the disk. Processes get SIGTERM, shells at a prompt SIGHUP; what is left after the grace
   * is killed. Returns as soon as every process has ended.
   *
   * @param graceSeconds 5 if absent, at most 60; 0 kills at once
   */
  stop({ graceSeconds }: { graceSeconds?: number } = {}): Promise<SandboxDescription> {
    const json = graceSeconds === undefined ? {} : { graceSeconds }
    return this.#http.json({ method: 'POST', path: `/sandboxes/${this.id}/stop`, json })
  }

  /** Starts it again on its disk. @throws QuotaExceeded */
  start(): Promise<SandboxDescription> {
    return this.#act('start')
  }

  /**
   * Takes a snapshot of its disk. Nothing is copied; its processes are frozen meanwhile.
   *
   * @throws QuotaExceeded; Conflict when the name is taken
   * @example
   * const { id } = await sandbox.snapshot({ name: 'before the upgrade' })
   * const copy = await cloche.sandboxes.create({ snapshot: id })
   */
  snapshot({ name }: { name?: string } = {}): Promise<SnapshotDescription> {
    const json = name === undefined ? {} : { name }
    return this.#http.json({ method: 'POST', path: `/sandboxes/${this.id}/snapshots`, json })
  }

  /**
   * Brings its disk back to a snapshot; the answer names one that was taken of the disk as it was until then. When it runs, it
   * is stopped, and started again afterwards.
   *
   * @param snapshot its id
   * @throws NotFound, QuotaExceeded
   */
  restore(snapshot: string): Promise<RestoredSandbox> {
    return this.#http.json({ method: 'POST', path: `/sandboxes/${this.id}/restore`, json: { snapshot } })
  }

  /**
   * Makes sandboxes that begin with its disk as it is at this moment: all of them, or none.
   *
   * @param options `count`: at most 20; 1 if absent. `volumes`: instead of those that this one has, which they share otherwise
   * @throws QuotaExceeded
   * @example
   * const [one, two] = await sandbox.fork({ count: 2 })
   */
  async fork(options: { count?: number; name?: string; volumes?: VolumeMount[] } = {}): Promise<Sandbox[]> {
    const { sandboxes } = await this.#http.json<{ sandboxes: SandboxDescription[] }>({
      ...{ method: 'POST', path: `/sandboxes/${this.id}/fork`, json: options },
    })
    return sandboxes.map(({ id }) => new Sandbox(this.#http, id))
  }

  /** Paths that differ from its template. @param limit at most so many, 1,000 if absent */
  changes({ limit }: { limit?: number } = {}): Promise<DiskChanges> {
    return this.#http.json({ method: 'GET', path: `/sandboxes/${this.id}/changes`, query: { limit } })
  }

  /** Destroys it with its disk. @throws NotFound */
  delete(): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/sandboxes/${this.id}` })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.delete()
  }

  #act(action: string): Promise<SandboxDescription> {
    return this.#http.json({ method: 'POST', path: `/sandboxes/${this.id}/${action}` })
  }
}
