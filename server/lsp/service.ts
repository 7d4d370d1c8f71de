import type { Duplex } from 'node:stream'
import { z } from 'zod'
import {
  execRequest,
  type LanguageServer,
  type OpenLanguageServer,
  sandboxProcess,
} from '../../protocol/api/index.js'
import { type StartNodeProcess, startNodeProcess } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Held } from '../guests/guests.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { collect } from '../sandboxes/exec.js'
import type { SandboxService } from '../sandboxes/service.js'
import { LanguageServerProcess } from './server-process.js'
import { commandOf, findScript, installedOf, knownServers } from './servers.js'

/** Of one sandbox, at this server of the platform. */
const maxOfSandbox = 8
const findMs = 10_000

/** None of the servers for what was asked for is installed in the sandbox. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled'
}

/** More language servers than a sandbox may have. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}

/** Language servers inside sandboxes. */
export class LanguageServerService {
  readonly #ofSandbox = new Map<string, number>()

  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /** Those that are installed, of several for a language the best first. */
  async list(who: Principal, sandboxId: string): Promise<LanguageServer[]> {
    return this.#find(await this.sandboxes.authorize(who, 'lsp.read', sandboxId), sandboxId)
  }

  /** @param end called when the caller may not use it any longer */
  hold(who: Principal, sandboxId: string, end: () => void): Promise<Held> {
    return this.sandboxes.hold(who, sandboxId, end)
  }

  /**
   * Starts one. It ends with what is returned, and with this process.
   * @throws NotInstalled, TooMany, ApiError as the sandbox refuses a process
   */
  async open(who: Principal, sandboxId: string, wanted: OpenLanguageServer): Promise<LanguageServerProcess> {
    const node = await this.sandboxes.authorize(who, 'lsp.open', sandboxId)
    const here = this.#ofSandbox.get(sandboxId) ?? 0
    if (here >= maxOfSandbox) {
      throw new TooMany(`a sandbox has at most ${maxOfSandbox} language servers at once; close one`)
    }
    this.#ofSandbox.set(sandboxId, here + 1)
    const leave = () => {
      const left = (this.#ofSandbox.get(sandboxId) ?? 1) - 1
      if (left > 0) this.#ofSandbox.set(sandboxId, left)
      else this.#ofSandbox.delete(sandboxId)
    }
    try {
      const server = choose(await this.#find(node, sandboxId), wanted)
      const process = await this.#start(who, node, sandboxId, server, wanted.root)
      process.onClose(leave)
      await audit(this.database.prisma, who, 'lsp.open', sandboxId, { server: server.id })
      return process
    } catch (error) {
      leave()
      throw error
    }
  }

  async #find(node: RuntimeClient, sandboxId: string): Promise<LanguageServer[]> {
    const wanted = execRequest.parse({ command: findScript, timeoutMs: findMs })
    const { stdout, timedOut } = await collect(
      await node.exec(sandboxId, wanted, new AbortController().signal),
      'utf8',
    )
    if (timedOut) {
      throw new ApiError(
        'conflict',
        'the sandbox did not say which language servers it has; it is too busy',
        5,
      )
    }
    return installedOf(stdout)
  }

  async #start(
    who: Principal,
    node: RuntimeClient,
    sandboxId: string,
    server: LanguageServer,
    cwd: string,
  ): Promise<LanguageServerProcess> {
    const kills = await oomKillsOf(node, sandboxId)
    const body: StartNodeProcess = startNodeProcess.parse({
      ...{ command: commandOf(server), cwd, stdin: true, endsWithInput: true },
    })
    const path = `/sandboxes/${sandboxId}/processes`
    const { id } = await node.ask('POST', path, sandboxProcess, {}, body)
    const [input, output] = await linesTo(node, sandboxId, id)
    this.sandboxes.holdOpen(who, sandboxId, input)
    return new LanguageServerProcess(server, input, output, {
      // Its entry would stay in the list of processes for a while; the line's end has killed it in any case.
      forget: () => void node.ask('DELETE', `${path}/${id}`, nothing).catch(() => {}),
      wasOutOfMemory: async () => (await oomKillsOf(node, sandboxId)) > kills,
    })
  }
}

const nothing = z.unknown()

async function linesTo(node: RuntimeClient, sandboxId: string, id: string): Promise<[Duplex, Duplex]> {
  const input = await node.processInput(sandboxId, id)
  try {
    return [input, await node.attachProcess(sandboxId, id, 0)]
  } catch (error) {
    input.destroy()
    throw error
  }
}

async function oomKillsOf(node: RuntimeClient, sandboxId: string): Promise<number> {
  return (await node.get(sandboxId)).usage?.oomKills ?? 0
}

/** @throws NotInstalled */
function choose(
  installed: readonly LanguageServer[],
  { server, language = '' }: OpenLanguageServer,
): LanguageServer {
  const found = installed.find(({ id, languages }) =>
    server === undefined ? languages.includes(language) : id === server,
  )
  if (found !== undefined) return found
  const known = knownServers.filter(({ id, languages }) =>
    server === undefined ? languages.includes(language) : id === server,
  )
  if (known.length === 0) {
    throw new NotInstalled(
      server === undefined
        ? `no language server for the language "${language}" is known here`
        : `no language server "${server}" is known here`,
    )
  }
  const programs = known.map(({ command }) => command[0]).join(', ')
  throw new NotInstalled(
    `the sandbox has no language server for this; it would be one of these programs in its PATH or in ~/.local/bin: ${programs}`,
  )
}
