import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { every } from '../../common/timers.js'
import { type ExitStatus, newId } from '../../protocol/api/index.js'
import { readUsage } from '../cgroup/usage.js'
import { type Identity, insideEnvironment, type MountedFile, processSpec } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import { userOf } from '../image/users.js'
import { startOnPty } from '../process/start.js'
import { hasOwnRoom } from '../rootfs/quota.js'
import * as lifecycle from '../sandbox/lifecycle.js'
import type { Plan } from '../sandbox/make.js'
import { volumeOf } from '../sandbox/node.js'
import { placeOf } from '../sandbox/place.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { PtyStream } from '../terminal/stream.js'
import { BuildFailed } from './error.js'
import { Mask } from './mask.js'
import { type Accounts, type BuildParts, fullDisk, isFull } from './parts.js'
import { type RunStep, type StatedUser, scriptPath } from './plan.js'

/** Wide enough for what most programs print, and for their progress bars. */
const size = { cols: 120, rows: 40 }
const path = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
const roomBytes = 512 * 1024
/**
 * How much of a step's output is read in how long: 8 MiB in a second. `RUN yes` would have the runtime do nothing else. A read
 * takes its time however little comes of it.
 */
const pace = { everyMs: 100, bytes: 800 * 1024, readBytes: 1024 }
/** Should something hold a terminal that has ended. */
const lastWordsMs = 2000

/**
 * Runs a program in a sandbox of the tenant on a stage's layers, and hands on what it has written.
 * @param add makes a layer of a volume that nobody writes to any more
 * @throws BuildFailed when it does not end with 0
 */
export async function performRun(
  parts: BuildParts,
  step: RunStep,
  layers: readonly string[],
  accounts: Accounts,
  add: (volume: { path: string; id: number }) => Promise<string>,
): Promise<string> {
  const { node, maker, request, signal } = parts
  const identity = identityOf(step, accounts)
  await using files = new HostFiles(parts, step)
  const plan: Plan = {
    ...{ tenantId: request.tenantId, template: request.template, purpose: 'run', isolation: 'standard' },
    ...{ limits: request.limits, network: step.offline ? 'none' : request.network },
    ...{ env: {}, hostname: 'build' },
  }
  const cgroup = join(parts.home, `${request.id}-${process.hrtime.bigint()}`)
  const source = { record: { layers: [...layers], image: null, system: false } }
  const sandbox = await maker.make(null, plan, cgroup, undefined, source, (fresh) =>
    files.place(node.slot.uidBase(fresh.index)),
  )
  const stop = () =>
    void lifecycle
      .halt(node, sandbox)
      .catch((error: unknown) => node.log.error({ error }, 'a step of a build could not be ended'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    const exit = await perform(parts, step, sandbox, identity)
    signal.throwIfAborted()
    if (exit.exitCode !== 0) throw failed(parts, step, sandbox, exit)
    const volume = { path: volumeOf(node, sandbox), id: sandbox.volumeId }
    return await add(volume)
  } catch (error) {
    if (isFull(error) && !(error instanceof BuildFailed)) throw fullDisk(parts, sandbox.volumeId, step.line)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await lifecycle.destroy(node, sandbox)
  }
}

/** Whom a user of a Dockerfile is. @throws RuntimeRefusal when there is nobody of that name */
export function resolveUser(user: StatedUser | null, { passwd, group }: Accounts) {
  if (user === null) return userOf('0', passwd, group)
  return 'known' in user ? user.known : userOf(user.stated, passwd, group)
}

function identityOf(step: RunStep, accounts: Accounts): Identity {
  const who = resolveUser(step.user, accounts)
  return { ...who, cwd: step.cwd, env: { ...path, ...step.env } }
}

async function perform(parts: BuildParts, step: RunStep, sandbox: SandboxRecord, user: Identity) {
  const { node, request } = parts
  const values = new Map(
    request.secrets.map(({ id, value }) => [id, Buffer.from(value, 'base64').toString()]),
  )
  const secrets = Object.fromEntries(
    step.secrets.flatMap(({ id, env }) => (env === null ? [] : [[env, values.get(id) ?? '']])),
  )
  const env = insideEnvironment(user, { TERM: 'xterm-256color' }, step.proxies, step.env, secrets)
  const spec = processSpec({ args: step.args, env, cwd: step.cwd, user })
  const started = await startOnPty(placeOf(node, sandbox), spec, size).catch((error: unknown) => {
    if (!(error instanceof RuntimeRefusal)) throw error
    throw new BuildFailed('failed', `Dockerfile line ${step.line}: ${error.message}`, step.line)
  })
  const decoder = new TextDecoder()
  const mask = new Mask([...values.values()])
  let room = pace.bytes
  const stream = new PtyStream(started.fd, (bytes) => {
    room -= Math.max(bytes.length, pace.readBytes)
    if (room <= 0) stream.pause()
    if (parts.isLogFull()) return
    parts.print(mask.push(decoder.decode(bytes, { stream: true })), bytes.length)
  })
  stream.resume()
  using _ = every(pace.everyMs, "reading a step's output", node.log, () => {
    room = pace.bytes
    stream.resume()
  })
  try {
    const exit = await node.reaper.wait(started.pid)
    const { oomKills } = readUsage(node.hierarchy, sandbox.cgroup, node.device)
    // What it left behind ends with it. The kernel hands the last words of a terminal on a moment after they were written;
    // when nobody can write to it any more, all of them have come.
    await lifecycle.halt(node, sandbox)
    await Promise.race([stream.closed, sleep(lastWordsMs)])
    stream.drain()
    parts.print(mask.push(decoder.decode()) + mask.end())
    return { ...exit, oomKills }
  } finally {
    stream.close()
  }
}

function failed(
  parts: BuildParts,
  step: RunStep,
  sandbox: SandboxRecord,
  { exitCode, signal, oomKills }: ExitStatus & { readonly oomKills: number },
): BuildFailed {
  const { node, request } = parts
  const how = exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${exitCode}`
  const reasons = [
    ...(oomKills > 0 ? [`a process was killed at the memory limit of ${request.limits.memoryMiB} MiB`] : []),
    ...(hasOwnRoom(node.disk, sandbox.volumeId, roomBytes)
      ? []
      : [`the disk of the step is full: it holds ${request.limits.diskMiB} MiB`]),
  ]
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
  return new BuildFailed('failed', `Dockerfile line ${step.line}: RUN ${how}${why}`, step.line, exitCode)
}

/** Secrets and scripts of a step: files in the host's memory that its sandbox sees, and that are gone with it. */
class HostFiles implements AsyncDisposable {
  readonly #paths: string[] = []

  constructor(
    private readonly parts: BuildParts,
    private readonly step: RunStep,
  ) {}

  /** @param uidBase the host's uid of root inside */
  place(uidBase: number): MountedFile[] {
    const { request } = this.parts
    const secrets = this.step.secrets.flatMap(({ id, target, mode, uid, gid }): MountedFile[] => {
      const value = request.secrets.find((secret) => secret.id === id)?.value
      if (target === null || value === undefined) return []
      const source = this.#write(Buffer.from(value, 'base64'), uidBase + uid, uidBase + gid, mode)
      return [{ source, destination: target }]
    })
    if (this.step.script === null) return secrets
    const source = this.#write(Buffer.from(this.step.script), uidBase, uidBase, 0o555)
    return [...secrets, { source, destination: scriptPath, isProgram: true }]
  }

  #write(content: Buffer, uid: number, gid: number, mode: number): string {
    const path = join(this.parts.node.scratch, newId('bs'))
    this.#paths.push(path)
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
    chownSync(path, uid, gid)
    chmodSync(path, mode)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#paths) rmSync(path, { force: true })
  }
}
