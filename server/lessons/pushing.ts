import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { type LessonOutcome, lessonBounds, type PushFile } from '../../protocol/api/index.js'
import { packFiles } from '../assignments/archive.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { SandboxService } from '../sandboxes/service.js'
import { Turns } from '../turns.js'
import { findRunning } from './access.js'
import { forEachStudent } from './each.js'
import { studentsOf } from './students.js'

const home = '/home/user'
/** Of one file: a node has a thread for a few of them. */
const atOnce = 8
const nothing = z.unknown()

/** Sends a file to the sandboxes of students. */
export class LessonPushing {
  /** Each holds its file in memory. */
  readonly #turns = new Turns(3)

  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /**
   * Writes it into the home directory of each student, as a file of theirs. No link on the way is followed.
   * @throws ApiError `payload_too_large`; `invalid_request` for who is no student; `conflict` when the lesson has ended
   */
  push(who: Principal, id: string, wanted: PushFile, body: Readable): Promise<LessonOutcome> {
    return this.#turns.take(who.tenantId, () => this.#push(who, id, wanted, body))
  }

  async #push(who: Principal, id: string, wanted: PushFile, body: Readable): Promise<LessonOutcome> {
    const found = await findRunning(this.database, who, 'class.teach', id)
    const students = await studentsOf(this.database, found, wanted.students)
    const content = await wholeFile(body)
    const { path, executable, existing } = wanted
    const file = { path, content, executable: executable === 'true' }
    const kept = `${path}.${new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`
    // It is no use of the sandbox by its student.
    const sender = { ...who, unattended: true }
    const outcome = await forEachStudent(students, atOnce, async (sandboxId) => {
      const node = await this.sandboxes.authorize(sender, 'file.write', sandboxId)
      const hasKept = existing === 'keep' && (await setAside(node, sandboxId, path, kept))
      try {
        await node.send(
          ...(['PUT', `/sandboxes/${sandboxId}/archive`, { path: home }] as const),
          Readable.from(packFiles([file]), { objectMode: false }),
        )
      } catch (error) {
        // What the student had is where it was, as far as this can be.
        if (hasKept) await rename(node, sandboxId, kept, path).catch(() => {})
        throw error
      }
      return hasKept ? kept : null
    })
    const count = outcome.students.filter((one) => one.outcome === 'done').length
    await audit(this.database.prisma, who, 'lesson.push', id, { class: found.row.name, path, count })
    return outcome
  }
}

/** @returns whether there was something, which has another name now */
async function setAside(node: RuntimeClient, id: string, path: string, kept: string): Promise<boolean> {
  try {
    await node.ask('GET', `/sandboxes/${id}/files/stat`, nothing, { path: posix.join(home, path) })
  } catch (error) {
    if (error instanceof ApiError && error.code === 'file_not_found') return false
    throw error
  }
  await rename(node, id, path, kept)
  return true
}

const rename = (node: RuntimeClient, id: string, from: string, to: string) =>
  node.ask(
    'POST',
    `/sandboxes/${id}/files/move`,
    nothing,
    {},
    {
      ...{ from: posix.join(home, from), to: posix.join(home, to) },
    },
  )

async function wholeFile(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > lessonBounds.fileBytes) {
      const most = lessonBounds.fileBytes / 1024 ** 2
      throw new ApiError('payload_too_large', `a file that is sent to students has at most ${most} MiB`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}
