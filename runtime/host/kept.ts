import { mkdirSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Terminal, terminal, terminalId } from '../../protocol/api/index.js'
import { type Attached, encodeFrame, encodeJsonFrame, frameType } from '../../protocol/node/index.js'
import { askHost } from './client.js'

/** Of one sandbox: more than anybody looks through, and a bound for who stops it again and again. */
const maxKept = 16
const maxKeptBytes = 1024 * 1024
/** A stop waits no longer than this for screens. */
const patienceMs = 5000

/** What a process host answers of the terminals that it was asked for. */
export const drawnTerminals = z.object({
  terminals: z.array(z.object({ terminal, screen: z.base64() })),
})

const kept = z.object({ terminal, screen: z.base64() })
type Kept = z.infer<typeof kept>

const listed = z.object({ terminals: z.array(terminal) })

/**
 * What the terminals of stopped sandboxes showed: a file for each, beside the record of its sandbox, where no tenant
 * writes and with which it is set aside, restored and deleted.
 */
export class KeptTerminals {
  /** @param host the process host's socket */
  constructor(
    private readonly host: string,
    private readonly log: Logger,
  ) {}

  /** Ids of the terminals of a sandbox whose programs run. Never fails: nothing is kept then. */
  async live(sandboxId: string): Promise<string[]> {
    try {
      const answer = await this.#ask('GET', `/sandboxes/${sandboxId}/terminals`)
      return listed.parse(answer).terminals.flatMap(({ id, exit }) => (exit === null ? [id] : []))
    } catch (error) {
      this.log.warn({ err: error, sandboxId }, 'terminals of a sandbox that is stopped are not kept')
      return []
    }
  }

  /**
   * Keeps what these terminals of a sandbox show, beside those that are kept already. Call it while the first process of the
   * sandbox still runs: with it the process host forgets them. Never fails: a stop must not.
   * @param record directory of the sandbox's record
   */
  async keep(record: string, sandboxId: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    try {
      const path = `/sandboxes/${sandboxId}/terminals/draw`
      const { terminals } = drawnTerminals.parse(await this.#ask('POST', path, { ids: ids.slice(-maxKept) }))
      const stoppedAt = new Date().toISOString()
      const directory = directoryOf(record)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      for (const one of terminals) {
        const exit = one.terminal.exit ?? { exitCode: null, signal: 'SIGKILL' }
        const text = JSON.stringify({ ...one, terminal: { ...one.terminal, exit, stoppedAt } })
        const file = fileOf(directory, one.terminal.id)
        await writeFile(`${file}.new`, text, { mode: 0o600 })
        await rename(`${file}.new`, file)
      }
      await this.#bound(record)
    } catch (error) {
      this.log.warn({ err: error, sandboxId }, 'terminals of a stopped sandbox could not be kept')
    }
  }

  /** Those that are kept of a sandbox, in the order in which they were opened. */
  async list(record: string): Promise<Terminal[]> {
    return (await this.#all(record)).map((one) => one.terminal)
  }

  /** @returns undefined when it is not kept */
  async find(record: string, id: string): Promise<Kept | undefined> {
    if (!terminalId.safeParse(id).success) return undefined
    return this.#read(fileOf(directoryOf(record), id))
  }

  /** @returns whether it was kept */
  async remove(record: string, id: string): Promise<boolean> {
    if ((await this.find(record, id)) === undefined) return false
    await rm(fileOf(directoryOf(record), id), { force: true })
    return true
  }

  /** The oldest give way. */
  async #bound(record: string): Promise<void> {
    const directory = directoryOf(record)
    for (const name of await readdir(directory)) {
      if (name.endsWith('.new')) await rm(join(directory, name), { force: true }) // the runtime was killed in the middle
    }
    let bytes = 0
    for (const [age, one] of (await this.#all(record)).reverse().entries()) {
      bytes += one.screen.length
      if (age >= maxKept || bytes > maxKeptBytes)
        await rm(fileOf(directory, one.terminal.id), { force: true })
    }
  }

  async #all(record: string): Promise<Kept[]> {
    const directory = directoryOf(record)
    const names = await readdir(directory).catch(() => []) // none was kept yet
    const files = names.filter((name) => name.endsWith('.json'))
    const found = await Promise.all(files.map((name) => this.#read(join(directory, name))))
    return found
      .filter((one) => one !== undefined)
      .toSorted((a, b) => (a.terminal.createdAt < b.terminal.createdAt ? -1 : 1))
  }

  /** @returns undefined for what is not there, or was written by a version that this one does not understand */
  async #read(file: string): Promise<Kept | undefined> {
    try {
      return kept.parse(JSON.parse(await readFile(file, 'utf8')))
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isGone) this.log.warn({ err: error, file }, 'a kept terminal cannot be read')
      return undefined
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const late = sleep(patienceMs, undefined, { ref: false }).then(() => {
      throw new Error(`the process host did not answer within ${patienceMs} ms`)
    })
    const { status, body: answer } = await Promise.race([askHost(this.host, method, path, body), late])
    if (status >= 300) throw new Error(`the process host answered ${status}: ${JSON.stringify(answer)}`)
    return answer
  }
}

/** Shows a kept terminal to whoever is at the end of `line`, as the process host shows one that has ended. */
export function showKept(line: Duplex, { terminal: { seq, cols, rows, title, exit }, screen }: Kept): void {
  const place: Attached = { seq, cols, rows, title, screen: true }
  line.once('error', () => line.destroy())
  // What is typed, nobody reads.
  line.resume()
  line.write(encodeJsonFrame(frameType.attached, place))
  line.write(encodeFrame(frameType.screen, Buffer.from(screen, 'base64')))
  line.end(encodeJsonFrame(frameType.exit, exit))
}

const directoryOf = (record: string) => join(record, 'terminals')
const fileOf = (directory: string, id: string) => join(directory, `${id}.json`)
