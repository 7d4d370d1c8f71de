import { type Http, pages } from './http.js'
import type {
  CheckedReceipt,
  CreateLineComment,
  Grading,
  LineComment,
  Submission,
  SubmissionDiff,
  SubmissionFile,
  SubmissionReceipt,
  SubmissionWithMissing,
} from './types.js'

/** What students hand in. Each is immutable, and kept. */
export class Submissions {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * As a student: hands in your home directory as it is now, at most 2,000 files and 16 MiB. What was asked for in time is in time.
   *
   * @param options `idempotencyKey`: however often it is sent, it is one submission
   * @throws Conflict before the assignment opens, after it is over, and when there is nothing to hand in; PermissionDenied for staff
   */
  create(assignmentId: string, { idempotencyKey }: { idempotencyKey?: string } = {}): Promise<Submission> {
    return this.#http.json({
      ...{ method: 'POST', path: ofAssignment(assignmentId) },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    })
  }

  /**
   * For an assignment, newest first: a student's own, or all of the class.
   * @param only `student`: of this student of the class; `user`: by account; `counting`: those that are graded
   */
  list(
    assignmentId: string,
    only: { student?: string; user?: string; counting?: boolean } = {},
  ): AsyncGenerator<Submission, void, undefined> {
    return pages(this.#http, ofAssignment(assignmentId), only)
  }

  /** With what was left out of it. @throws NotFound */
  describe(id: string): Promise<SubmissionWithMissing> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** What proves that it was handed in, and when: keep it. @throws NotFound */
  receipt(id: string): Promise<SubmissionReceipt> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/receipt` })
  }

  /** Whether a receipt was made here, and whether what it names is here. */
  checkReceipt(receipt: SubmissionReceipt): Promise<CheckedReceipt> {
    return this.#http.json({ method: 'POST', path: '/receipts/check', json: receipt })
  }

  /** @throws NotFound */
  async files(id: string): Promise<readonly SubmissionFile[]> {
    const { items } = await this.#http.json<{ items: SubmissionFile[] }>({
      ...{ method: 'GET', path: `${pathOf(id)}/files` },
    })
    return items
  }

  /** @throws NotFound */
  read(id: string, path: string): Promise<Uint8Array> {
    return this.#bytes({ method: 'GET', path: `${pathOf(id)}/file`, query: { path } })
  }

  /** All of it as tar. Symbolic links in it are what the student made: unpack it into an empty directory. @throws NotFound */
  pack(id: string): Promise<Uint8Array> {
    return this.#bytes({ method: 'GET', path: `${pathOf(id)}/archive` })
  }

  /** @param options `against`: `starter` or another submission for the same assignment; `path`: of this file only @throws NotFound */
  diff(id: string, options: { against?: string; path?: string } = {}): Promise<SubmissionDiff> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/diff`, query: options })
  }

  /** Runs the tests once more; what came of it before is kept. @throws Conflict for an assignment without tests, NotFound */
  grade(id: string): Promise<Grading> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/gradings` })
  }

  /** What the tests found, newest first. @throws NotFound */
  async gradings(id: string): Promise<readonly Grading[]> {
    const { items } = await this.#http.json<{ items: Grading[] }>({
      ...{ method: 'GET', path: `${pathOf(id)}/gradings` },
    })
    return items
  }

  /** What staff say about its lines, by path and line; for a student as far as the assignment shows results. @throws NotFound */
  async comments(id: string): Promise<readonly LineComment[]> {
    const { items } = await this.#http.json<{ items: LineComment[] }>({
      ...{ method: 'GET', path: `${pathOf(id)}/comments` },
    })
    return items
  }

  /** As staff: says something about a line. @throws NotFound, InvalidRequest for a line that is not there */
  comment(id: string, wanted: CreateLineComment): Promise<LineComment> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/comments`, json: wanted })
  }

  /** @throws NotFound; PermissionDenied for what somebody else wrote, unless you are an owner or admin */
  changeComment(id: string, commentId: string, text: string): Promise<LineComment> {
    return this.#http.json({ method: 'PATCH', path: commentPath(id, commentId), json: { text } })
  }

  /** @throws as `changeComment` */
  async deleteComment(id: string, commentId: string): Promise<void> {
    await this.#http.send({ method: 'DELETE', path: commentPath(id, commentId) })
  }

  async #bytes(call: Parameters<Http['send']>[0]): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#http.send(call)).arrayBuffer())
  }
}

const ofAssignment = (id: string) => `/assignments/${encodeURIComponent(id)}/submissions`
const pathOf = (id: string) => `/submissions/${encodeURIComponent(id)}`
const commentPath = (id: string, commentId: string) =>
  `${pathOf(id)}/comments/${encodeURIComponent(commentId)}`
