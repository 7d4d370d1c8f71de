import { bodyOf } from './answer.js'
import { type Content, type Http, pages } from './http.js'
import type {
  AddClassStudent,
  ChangeClass,
  ChangeClassStudent,
  ClassCourse,
  ClassDescription,
  ClassPart,
  ClassStudent,
  ClassSummary,
  CourseRosterPreview,
  CreateClass,
  CreatedInvitation,
  Gradebook,
  GradebookApplied,
  GradebookPreview,
  Invitation,
  InviteToClass,
  RosterApplied,
  RosterPreview,
  SignInCard,
  StudentDataDeletion,
} from './types.js'

/** The classes of the tenant, with their people. */
export class Classes {
  readonly #http: Http
  /** Sections of classes. */
  readonly sections: ClassParts
  /** Groups of classes: students who work together. */
  readonly groups: ClassParts
  readonly students: ClassStudents

  /** @internal */
  constructor(http: Http) {
    this.#http = http
    this.sections = new ClassParts(http, 'sections')
    this.groups = new ClassParts(http, 'groups')
    this.students = new ClassStudents(http)
  }

  /**
   * Makes a class. From the first one on, members of the tenant see the work of the students of their classes only.
   *
   * @throws PermissionDenied unless the key is of an owner or admin
   * @example
   * const { id } = await cloche.classes.create({ name: 'Computing 10b', timeZone: 'Europe/Berlin' })
   * const { id: section } = await cloche.classes.sections.create(id, 'Tuesday')
   * await cloche.classes.students.add(id, { name: 'Ann Lee', number: '2026017', section })
   */
  create(wanted: CreateClass): Promise<ClassDescription> {
    return this.#http.json({ method: 'POST', path: '/classes', json: wanted })
  }

  /** Those that whoever made the key is in, newest first; of owners and admins all. */
  list(): AsyncGenerator<ClassSummary, void, undefined> {
    return pages(this.#http, '/classes')
  }

  /** @throws NotFound */
  describe(id: string): Promise<ClassDescription> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Changes what is named, or archives it with `archived: true`. @throws NotFound */
  update(id: string, change: ChangeClass): Promise<ClassDescription> {
    return this.#http.json({ method: 'PATCH', path: pathOf(id), json: change })
  }

  /**
   * Deletes it with its roster. Its students and what they made stay in the tenant.
   * @param options `submissions`: `delete` deletes what was handed in as well @throws Conflict while there is any, NotFound
   */
  delete(id: string, options: { submissions?: 'delete' } = {}): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id), query: options })
  }

  /** What each student has for each assignment. @throws NotFound */
  gradebook(id: string): Promise<Gradebook> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/gradebook` })
  }

  /** The same as CSV, in which no cell is a formula. @throws NotFound */
  async exportGradebook(id: string): Promise<string> {
    return (await this.#http.send({ method: 'GET', path: `${pathOf(id)}/gradebook.csv` })).text()
  }

  /**
   * What importing points would do; nothing is changed. A file as `exportGradebook` writes it: students by number or name, assignments by title;
   * empty cells change nothing.
   *
   * @throws InvalidRequest for a file that cannot be read, or has no column of an assignment
   */
  previewGradebook(id: string, file: Content): Promise<GradebookPreview> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/gradebook/preview`, body: file })
  }

  /**
   * Gives the points that a preview said, all of them or none.
   *
   * @param preview of the same file
   * @throws Conflict when something has changed since the preview
   */
  importGradebook(id: string, file: Content, { digest }: { digest: string }): Promise<GradebookApplied> {
    return this.#http.json({
      ...{ method: 'POST', path: `${pathOf(id)}/gradebook`, query: { digest }, body: file },
    })
  }

  /** Makes a member of the tenant a teacher or an assistant. @throws NotFound; Conflict for a student */
  setStaff(id: string, userId: string, role: 'teacher' | 'assistant'): Promise<ClassDescription> {
    return this.#http.json({ method: 'PUT', path: staffOf(id, userId), json: { role } })
  }

  /** @throws NotFound */
  removeStaff(id: string, userId: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: staffOf(id, userId) })
  }

  /** A link and a code by which students join. They are told once. @throws NotFound, Conflict */
  invite(id: string, wanted: InviteToClass = {}): Promise<CreatedInvitation> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/invitations`, json: wanted })
  }

  /**
   * What importing a roster would do; nothing is changed. A file of CSV in UTF-8, UTF-16 or GB18030, with a heading line in English or
   * Chinese: Name, and Number, Email, Sign-in name, Section, Group if you like.
   *
   * @param options `remove`: takes students out of the class who are not in the file
   * @throws InvalidRequest for a file that cannot be read, or has more than 5,000 students
   */
  previewRoster(id: string, file: Content, { remove = false } = {}): Promise<RosterPreview> {
    const path = `${pathOf(id)}/roster/preview`
    return this.#http.json({ method: 'POST', path, query: { remove }, body: file })
  }

  /**
   * Does what a preview said, all of it or nothing.
   *
   * @param preview of the same file with the same options
   * @throws Conflict when the class has changed since the preview
   */
  importRoster(
    id: string,
    file: Content,
    { digest }: { digest: string },
    { remove = false } = {},
  ): Promise<RosterApplied> {
    return this.#http.json({
      ...{ method: 'POST', path: `${pathOf(id)}/roster`, query: { remove, digest }, body: file },
    })
  }

  /** The students as CSV, in UTF-8 with a byte order mark. */
  async exportRoster(id: string): Promise<string> {
    return (await this.#http.send({ method: 'GET', path: `${pathOf(id)}/roster.csv` })).text()
  }

  /** The course of a learning platform that the class is connected to, with the points that it was told; null: none. */
  async course(id: string): Promise<ClassCourse | null> {
    const path = `${pathOf(id)}/course`
    return (await this.#http.json<{ course: ClassCourse | null }>({ method: 'GET', path })).course
  }

  /** People, accounts and work of the class stay. @throws NotFound when it is connected to none */
  disconnectCourse(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `${pathOf(id)}/course` })
  }

  /** What applying the roster of the course would do, as the platform has it now. @throws Conflict with what the platform did */
  previewCourseRoster(id: string): Promise<CourseRosterPreview> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/course/roster/preview` })
  }

  /** Does what a preview said, all of it or nothing. @throws Conflict when the class or the course has changed since */
  applyCourseRoster(id: string, { digest }: { digest: string }): Promise<CourseRosterPreview> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/course/roster`, json: { digest } })
  }

  /** Sends the points again that the platform has not taken. @returns how many @throws Conflict when there is no course */
  async sendCourseScores(id: string): Promise<number> {
    const path = `${pathOf(id)}/course/scores`
    return (await this.#http.json<{ count: number }>({ method: 'POST', path })).count
  }

  /**
   * New sign-in cards for at most 50 students without e-mail addresses. The codes are told this once, and those before end.
   * @throws Conflict when one has an account of their own
   */
  async makeCards(id: string, students: readonly string[]): Promise<readonly SignInCard[]> {
    const { cards } = await this.#http.json<{ cards: SignInCard[] }>({
      ...{ method: 'POST', path: `${pathOf(id)}/cards`, json: { students } },
    })
    return cards
  }

  /** The links that are open. */
  async invitations(id: string): Promise<readonly Invitation[]> {
    const { invitations } = await this.#http.json<{ invitations: Invitation[] }>({
      ...{ method: 'GET', path: `${pathOf(id)}/invitations` },
    })
    return invitations
  }

  /** Nobody joins by it any more. @throws NotFound */
  revoke(id: string, invitationId: string): Promise<void> {
    const path = `${pathOf(id)}/invitations/${encodeURIComponent(invitationId)}`
    return this.#http.done({ method: 'DELETE', path })
  }
}

/** Sections or groups: a student is in at most one of each. */
export class ClassParts {
  /** @internal */
  constructor(
    private readonly http: Http,
    private readonly kind: 'sections' | 'groups',
  ) {}

  /** @throws Conflict when the name is taken */
  create(classId: string, name: string): Promise<ClassPart> {
    return this.http.json({ method: 'POST', path: `${pathOf(classId)}/${this.kind}`, json: { name } })
  }

  /** @throws NotFound, Conflict */
  rename(classId: string, id: string, name: string): Promise<ClassPart> {
    return this.http.json({ method: 'PATCH', path: this.#pathOf(classId, id), json: { name } })
  }

  /** Its students stay in the class. @throws NotFound */
  delete(classId: string, id: string): Promise<void> {
    return this.http.done({ method: 'DELETE', path: this.#pathOf(classId, id) })
  }

  #pathOf(classId: string, id: string): string {
    return `${pathOf(classId)}/${this.kind}/${encodeURIComponent(id)}`
  }
}

/** The students of classes. */
export class ClassStudents {
  /** @internal */
  constructor(private readonly http: Http) {}

  /** All of a class, by name. @param of only those; `search`: part of a name, number, e-mail address or sign-in name */
  list(
    classId: string,
    of: { section?: string; group?: string; search?: string } = {},
  ): AsyncGenerator<ClassStudent, void, undefined> {
    return pages(this.http, `${pathOf(classId)}/students`, of)
  }

  /**
   * With an e-mail address they are expected until they join by a link of the class; without one an account is made.
   * @throws Conflict when the class has the address or number already
   */
  add(classId: string, student: AddClassStudent): Promise<ClassStudent> {
    return this.http.json({ method: 'POST', path: `${pathOf(classId)}/students`, json: student })
  }

  /** @throws NotFound, Conflict */
  update(classId: string, id: string, change: ChangeClassStudent): Promise<ClassStudent> {
    return this.http.json({ method: 'PATCH', path: studentOf(classId, id), json: change })
  }

  /** Takes somebody out of the class; their work stays. @throws NotFound */
  remove(classId: string, id: string): Promise<void> {
    return this.http.done({ method: 'DELETE', path: studentOf(classId, id) })
  }

  /**
   * All that the class has of a student, as tar: JSON, receipts, and the files of their submissions. For its teachers; students get their
   * own.
   *
   * @param id in the class, or of the account of somebody who has left it
   * @throws NotFound, PermissionDenied
   */
  async exportData(classId: string, id: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const path = `${studentOf(classId, id)}/export`
    return bodyOf(await this.http.send({ method: 'GET', path, signal }))
  }

  /** What `deleteData` would delete. @throws NotFound, PermissionDenied */
  previewDataDeletion(classId: string, id: string): Promise<StudentDataDeletion> {
    return this.http.json({ method: 'GET', path: `${studentOf(classId, id)}/deletion` })
  }

  /**
   * Deletes what the class has of a student, for good. They stay in the class.
   *
   * @param confirm their name or id, against mistakes
   * @throws InvalidRequest for another name; Conflict while they write an exam
   */
  deleteData(
    classId: string,
    id: string,
    { confirm }: { confirm: string },
  ): Promise<Omit<StudentDataDeletion, 'student'>> {
    return this.http.json({ method: 'POST', path: `${studentOf(classId, id)}/deletion`, json: { confirm } })
  }
}

const pathOf = (id: string) => `/classes/${encodeURIComponent(id)}`
const staffOf = (id: string, userId: string) => `${pathOf(id)}/staff/${encodeURIComponent(userId)}`
const studentOf = (id: string, studentId: string) => `${pathOf(id)}/students/${encodeURIComponent(studentId)}`
