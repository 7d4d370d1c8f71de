import { type Content, type Http, pages } from './http.js'
import type {
  Assignment,
  AssignmentExtension,
  AssignmentFile,
  AssignmentFileKind,
  AssignmentStatistics,
  AssignmentSummary,
  AssignmentWork,
  ChangeAssignment,
  CoursePreview,
  CreateAssignment,
  ExamAttempt,
  ExamEvent,
  ExamSnapshot,
  GiveGrade,
  GivenGrades,
  Grade,
  ImportAssignmentTests,
  ImportedTests,
  OwnWork,
  SimilarityReport,
  SimilarPairDetail,
  StudentWork,
  TellExamEvent,
} from './types.js'

/** Assignments and lessons of classes. */
export class Assignments {
  readonly #http: Http
  /** What workspaces begin with. */
  readonly starter: AssignmentFiles
  /** Of the tests: never told to students. */
  readonly hidden: AssignmentFiles

  /** @internal */
  constructor(http: Http) {
    this.#http = http
    this.starter = new AssignmentFiles(http, 'starter')
    this.hidden = new AssignmentFiles(http, 'hidden')
  }

  /**
   * Makes an assignment at the end of those of a class; a draft, unless `published` says otherwise. Times are with an offset, or by the
   * clocks of the class.
   *
   * @throws NotFound unless you teach there, InvalidRequest
   * @example
   * await cloche.assignments.create(classId, {
   *   title: 'Loops', text: '# Loops', published: true, dueAt: '2026-12-08T23:59',
   *   steps: [{ id: 'file', title: 'Make loop.py', check: { command: 'test -f loop.py' } }],
   * })
   * @example An exam of two hours, without network
   * await cloche.assignments.create(classId, {
   *   title: 'Finals', published: true, opensAt: '2026-12-08T10:00', dueAt: '2026-12-08T12:00', exam: {},
   * })
   */
  create(classId: string, wanted: CreateAssignment): Promise<Assignment> {
    return this.#http.json({ method: 'POST', path: ofClass(classId), json: wanted })
  }

  /** Those of a class, in their order; for students those that are published. */
  list(classId: string): AsyncGenerator<AssignmentSummary, void, undefined> {
    return pages(this.#http, ofClass(classId))
  }

  /** @throws NotFound */
  describe(id: string): Promise<Assignment> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Changes what is named. @throws NotFound, InvalidRequest */
  update(id: string, change: ChangeAssignment): Promise<Assignment> {
    return this.#http.json({ method: 'PATCH', path: pathOf(id), json: change })
  }

  /**
   * The sandboxes of students stay.
   * @param options `submissions`: `delete` deletes what was handed in as well @throws Conflict while there is any, NotFound
   */
  delete(id: string, options: { submissions?: 'delete' } = {}): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id), query: options })
  }

  /**
   * As a student: makes your sandbox for it, and answers when it runs with the starter files in it. Asked again it is the same one.
   * Keys are of staff, so this is for a session.
   * @throws Conflict before it opens and after it is over, PermissionDenied for staff
   */
  start(id: string): Promise<AssignmentWork> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/start` })
  }

  /** As a student: runs the checks of the steps in your sandbox. @throws Conflict before it is started, PermissionDenied for staff */
  check(id: string): Promise<AssignmentWork> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/check` })
  }

  /** Where the class is stuck, and how long it takes. Of fewer than five students there is no distribution. @throws NotFound */
  statistics(id: string): Promise<AssignmentStatistics> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/statistics` })
  }

  /** How each student of the class stands in an exam, by name. @throws Conflict for no exam */
  attempts(id: string): AsyncGenerator<ExamAttempt, void, undefined> {
    return pages(this.#http, `${pathOf(id)}/attempts`)
  }

  /**
   * What happened in an exam, newest first. What is `toldBy` a browser the student can have made up.
   * @param of `student`: by their id in the class
   */
  events(id: string, of: { student?: string } = {}): AsyncGenerator<ExamEvent, void, undefined> {
    return pages(this.#http, `${pathOf(id)}/events`, of)
  }

  /** What was kept of the work of a student while an exam went on, newest first. @param student their id in the class */
  async keptWork(id: string, student: string): Promise<readonly ExamSnapshot[]> {
    const path = `${pathOf(id)}/attempts/${encodeURIComponent(student)}/snapshots`
    return (await this.#http.json<{ items: ExamSnapshot[] }>({ method: 'GET', path })).items
  }

  /** One of these as tar. @throws NotFound */
  async packKeptWork(id: string, student: string, snapshot: string): Promise<Uint8Array> {
    const path = `${pathOf(id)}/attempts/${encodeURIComponent(student)}/snapshots/${encodeURIComponent(snapshot)}/archive`
    return new Uint8Array(await (await this.#http.send({ method: 'GET', path })).arrayBuffer())
  }

  /** As a student in an exam, what their page tells. @throws Conflict for no exam and when it is over, PermissionDenied for staff */
  tell(id: string, event: TellExamEvent): Promise<void> {
    return this.#http.done({ method: 'POST', path: `${pathOf(id)}/events`, json: event })
  }

  /** What each student of the class has of it, by name. */
  work(id: string): AsyncGenerator<StudentWork, void, undefined> {
    return pages(this.#http, `${pathOf(id)}/work`)
  }

  /** As a student: the assignments of all your classes; what is due first comes first. @throws PermissionDenied for staff */
  async own(): Promise<readonly OwnWork[]> {
    const { items } = await this.#http.json<{ items: OwnWork[] }>({ method: 'GET', path: '/work' })
    return items
  }

  /** @param ids all of the class, in their new order @throws Conflict when they have changed meanwhile */
  async order(classId: string, ids: readonly string[]): Promise<readonly AssignmentSummary[]> {
    const { items } = await this.#http.json<{ items: AssignmentSummary[] }>({
      ...{ method: 'PUT', path: `${ofClass(classId)}/order`, json: { assignments: ids } },
    })
    return items
  }

  /** A draft with the same files. @param into `class`: another one that you teach; `title`: another title @throws NotFound */
  duplicate(id: string, into: { class?: string; title?: string } = {}): Promise<Assignment> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/duplicate`, json: into })
  }

  /** To the end of another class. @throws Conflict when a student has begun it, NotFound */
  move(id: string, classId: string): Promise<Assignment> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/move`, json: { class: classId } })
  }

  /** Adds the tests of a file of GitHub Classroom or Classroom 50. `problems` lists what was not understood. @throws InvalidRequest */
  importTests(id: string, wanted: ImportAssignmentTests): Promise<ImportedTests> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/tests/import`, json: wanted })
  }

  /** All assignments of a class as a tar: `course.yaml`, and a folder for each. */
  async exportCourse(classId: string): Promise<Uint8Array> {
    const call = { method: 'GET', path: `/classes/${encodeURIComponent(classId)}/course.tar` } as const
    return new Uint8Array(await (await this.#http.send(call)).arrayBuffer())
  }

  /** What importing such an archive would do; nothing is changed. @throws InvalidRequest that names the file */
  previewCourse(classId: string, archive: Content): Promise<CoursePreview> {
    const path = `/classes/${encodeURIComponent(classId)}/course/preview`
    return this.#http.json({ method: 'POST', path, body: archive })
  }

  /** Does what a preview of the same archive said, all of it or nothing. @throws Conflict when the class has changed since */
  importCourse(classId: string, archive: Content, { digest }: { digest: string }): Promise<CoursePreview> {
    const path = `/classes/${encodeURIComponent(classId)}/course`
    return this.#http.json({ method: 'POST', path, query: { digest }, body: archive })
  }

  /**
   * Runs the tests with what was handed in, once more.
   * @param which the submissions that count, those of them without a result, or all @returns how many wait now
   */
  async grade(id: string, which: 'counting' | 'ungraded' | 'all' = 'counting'): Promise<number> {
    const call = { method: 'POST', path: `${pathOf(id)}/gradings`, json: { which } } as const
    return (await this.#http.json<{ count: number }>(call)).count
  }

  /** Cancels gradings that wait or run. @returns how many there were */
  async cancelGradings(id: string): Promise<number> {
    const call = { method: 'DELETE', path: `${pathOf(id)}/gradings` } as const
    return (await this.#http.json<{ count: number }>(call)).count
  }

  /** What each student has for it; a student's own. */
  grades(id: string): AsyncGenerator<Grade, void, undefined> {
    return pages(this.#http, `${pathOf(id)}/grades`)
  }

  /**
   * Gives a student points in the place of those of the tests, or `levels` of the rubric, of which they are the sum; `points: null` takes
   * that back. @throws InvalidRequest above the maximum, and for other levels than one of each criterion
   */
  giveGrade(id: string, userId: string, given: GiveGrade): Promise<Grade> {
    return this.#http.json({
      method: 'PUT',
      path: `${pathOf(id)}/grades/${encodeURIComponent(userId)}`,
      json: given,
    })
  }

  /** Each time that a person gave a student points, newest first. */
  async givenGrades(id: string, userId: string): Promise<GivenGrades['items']> {
    const path = `${pathOf(id)}/grades/${encodeURIComponent(userId)}`
    return (await this.#http.json<GivenGrades>({ method: 'GET', path })).items
  }

  /**
   * Which of the last hand-ins of students have much in common, the most similar pairs first. It shows what to look at, and proves
   * nothing. It takes seconds, once for the same hand-ins.
   *
   * @throws NotFound, PermissionDenied for students
   */
  similarity(id: string): Promise<SimilarityReport> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/similarity` })
  }

  /** What two submissions of such a report have in common, with the lines of both. @throws NotFound also for two that are no pair of it */
  similarPair(id: string, one: string, other: string): Promise<SimilarPairDetail> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/similarity/pair`, query: { one, other } })
  }

  /** Who has more time. */
  async extensions(id: string): Promise<readonly AssignmentExtension[]> {
    const { items } = await this.#http.json<{ items: AssignmentExtension[] }>({
      ...{ method: 'GET', path: `${pathOf(id)}/extensions` },
    })
    return items
  }

  /** @param studentId of the class @throws NotFound; InvalidRequest unless it is later than the due time of all */
  extend(id: string, studentId: string, dueAt: string): Promise<AssignmentExtension> {
    return this.#http.json({ method: 'PUT', path: extensionOf(id, studentId), json: { dueAt } })
  }

  /** @throws NotFound */
  removeExtension(id: string, studentId: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: extensionOf(id, studentId) })
  }
}

/** Files of assignments of one kind. */
export class AssignmentFiles {
  /** @internal */
  constructor(
    private readonly http: Http,
    private readonly kind: AssignmentFileKind,
  ) {}

  async list(id: string): Promise<readonly AssignmentFile[]> {
    const { items } = await this.http.json<{ items: AssignmentFile[] }>({
      ...{ method: 'GET', path: this.#pathOf(id) },
    })
    return items
  }

  /**
   * In the place of those that were there.
   * @param archive a tar, plain or compressed with gzip @throws InvalidRequest for links, devices and what is no archive
   */
  async replace(id: string, archive: Content): Promise<readonly AssignmentFile[]> {
    const { items } = await this.http.json<{ items: AssignmentFile[] }>({
      ...{ method: 'PUT', path: this.#pathOf(id), body: archive },
    })
    return items
  }

  /** All of them as tar. */
  async pack(id: string): Promise<Uint8Array> {
    return this.#bytes({ method: 'GET', path: `${this.#pathOf(id)}/archive` })
  }

  /** @throws NotFound */
  async read(id: string, path: string): Promise<Uint8Array> {
    return this.#bytes({ method: 'GET', path: `${this.#pathOf(id)}/file`, query: { path } })
  }

  async write(id: string, path: string, content: Content, { executable = false } = {}): Promise<void> {
    const query = { path, executable }
    await this.http.done({ method: 'PUT', path: `${this.#pathOf(id)}/file`, query, body: content })
  }

  /** @throws NotFound */
  delete(id: string, path: string): Promise<void> {
    return this.http.done({ method: 'DELETE', path: `${this.#pathOf(id)}/file`, query: { path } })
  }

  async #bytes(call: Parameters<Http['send']>[0]): Promise<Uint8Array> {
    return new Uint8Array(await (await this.http.send(call)).arrayBuffer())
  }

  #pathOf(id: string): string {
    return `${pathOf(id)}/files/${this.kind}`
  }
}

const ofClass = (id: string) => `/classes/${encodeURIComponent(id)}/assignments`
const pathOf = (id: string) => `/assignments/${encodeURIComponent(id)}`
const extensionOf = (id: string, studentId: string) =>
  `${pathOf(id)}/extensions/${encodeURIComponent(studentId)}`
