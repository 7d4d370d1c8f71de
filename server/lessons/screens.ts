import {
  type LessonScreens as Answer,
  type LookAtScreens,
  thumbnailBounds,
} from '../../protocol/api/index.js'
import { type NodeThumbnails, nodeThumbnails } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { findRunning } from './access.js'
import { type StudentRow, studentsOf } from './students.js'

type Shown = Answer['screens'][number]

/** What terminals of the students of a lesson show, while it runs. */
export class LessonScreens {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /**
   * One query, and one question to each node. Of a node that does not answer nothing is said.
   * @throws ApiError `conflict` when the lesson has ended; `invalid_request` for who is no student of it
   */
  async of(who: Principal, id: string, { students, seen }: LookAtScreens): Promise<Answer> {
    const found = await findRunning(this.database, who, 'class.look', id)
    const rows = (await studentsOf(this.database, found, students)).slice(0, thumbnailBounds.sandboxes)
    const there = rows.filter(({ sandboxId }) => sandboxId !== null)
    const asked = [...new Set(there.map(({ nodeId }) => nodeId))].map((node) =>
      this.#onNode(
        node,
        there.filter(({ nodeId }) => nodeId === node),
        seen,
      ),
    )
    const without = rows
      .filter((row) => row.sandboxId === null && seen[row.id] !== undefined)
      .map((row) => ({ student: row.id, screen: null }))
    return { screens: [...without, ...(await Promise.all(asked)).flat()] }
  }

  async #onNode(
    nodeId: string | null,
    rows: readonly StudentRow[],
    seen: LookAtScreens['seen'],
  ): Promise<Shown[]> {
    const sandboxes = rows.map((row) => ({ id: row.sandboxId, seen: seen[row.id] ?? null }))
    const { thumbnails } = await this.#ask(nodeId, { sandboxes })
    const students = new Map(rows.map((row) => [row.sandboxId, row.id]))
    return thumbnails.flatMap(({ sandboxId, thumbnail }): Shown[] => {
      const student = students.get(sandboxId)
      if (student === undefined) return []
      if (thumbnail === null) return [{ student, screen: null }]
      const { terminalId, ...shown } = thumbnail
      return [{ student, screen: { terminal: terminalId, ...shown } }]
    })
  }

  async #ask(nodeId: string | null, body: object): Promise<NodeThumbnails> {
    try {
      const node = await this.nodes.reach(nodeId)
      return await node.ask('POST', '/terminals/thumbnails', nodeThumbnails, {}, body)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return { thumbnails: [] }
    }
  }
}
