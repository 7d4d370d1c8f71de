import { type Content, type Http, pages } from './http.js'
import type {
  Lesson,
  LessonBroadcast,
  LessonMessage,
  LessonOutcome,
  LessonScreens,
  LessonStudents,
  LookAtLessonScreens,
  OwnLesson,
  PushFile,
  SendLessonMessage,
  SetTimetable,
  ShowTerminal,
  StartLesson,
  Timetable,
} from './types.js'

/** Students of a lesson by their ids in the class; all of the class when it is left out. */
export interface LessonChoice {
  readonly students?: readonly string[]
}

/** Live lessons of classes: a class has one at a time. */
export class Lessons {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Starts one. It ends when it is ended, or by itself after `minutes`, 180 if absent.
   *
   * @throws Conflict while another one of the class runs, NotFound unless you teach there
   * @example
   * const lesson = await cloche.lessons.start(classId, { assignment: id, minutes: 90 })
   * await cloche.lessons.freeze(lesson.id)
   * await cloche.lessons.send(lesson.id, { text: 'Look at the board, please' })
   * await cloche.lessons.thaw(lesson.id)
   */
  start(classId: string, wanted: StartLesson = {}): Promise<Lesson> {
    return this.#http.json({ method: 'POST', path: ofClass(classId), json: wanted })
  }

  /** When lessons of a class are, and how many sandboxes wait for the next. @throws NotFound unless you are of its staff */
  timetable(classId: string): Promise<Timetable> {
    return this.#http.json({ method: 'GET', path: timetableOf(classId) })
  }

  /**
   * Says all lessons of the week anew. Some minutes before each, sandboxes wait for its students.
   *
   * @throws Conflict when the class is archived, NotFound unless you teach there
   * @example
   * await cloche.lessons.setTimetable(classId, [{ day: 'tuesday', at: '09:50', assignment: id }])
   */
  setTimetable(classId: string, lessons: SetTimetable['lessons']): Promise<Timetable> {
    return this.#http.json({ method: 'PUT', path: timetableOf(classId), json: { lessons } })
  }

  /** Those of a class, newest first; for students the one that runs. */
  list(classId: string): AsyncGenerator<Lesson, void, undefined> {
    return pages(this.#http, ofClass(classId))
  }

  /** @throws NotFound */
  describe(id: string): Promise<Lesson> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Whoever is frozen goes on. @throws NotFound */
  end(id: string): Promise<Lesson> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/end` })
  }

  /** What each student does, from what the server knows already: nobody looks into a sandbox for it. @throws NotFound */
  students(id: string): Promise<LessonStudents> {
    return this.#http.json({ method: 'GET', path: `${pathOf(id)}/students` })
  }

  /**
   * What the terminals of students show, as text, where it differs from `seen`. Students are told that staff can look.
   *
   * @param of `seen`: the `version` of what is known already, by student
   * @throws Conflict when it has ended
   */
  async screens(id: string, of: LookAtLessonScreens = {}): Promise<LessonScreens['screens']> {
    const call = { method: 'POST', path: `${pathOf(id)}/screens`, json: of } as const
    return (await this.#http.json<LessonScreens>(call)).screens
  }

  /**
   * Shows a terminal of a sandbox of yours to all students of the lesson, who may watch it and nothing else of the sandbox.
   *
   * @throws Conflict when it has ended, NotFound when the terminal does not run
   */
  show(id: string, terminal: ShowTerminal): Promise<LessonBroadcast> {
    return this.#http.json({ method: 'PUT', path: `${pathOf(id)}/broadcast`, json: terminal })
  }

  /** Whoever watches is cut off at once. @throws NotFound */
  stopShowing(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `${pathOf(id)}/broadcast` })
  }

  /** Pauses every sandbox of the students, also those that start later, until they are thawed or the lesson ends. @throws Conflict when it has ended */
  freeze(id: string, of: LessonChoice = {}): Promise<LessonOutcome> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/freeze`, json: of })
  }

  /** What the students had paused themselves stays paused. @throws Conflict when it has ended */
  thaw(id: string, of: LessonChoice = {}): Promise<LessonOutcome> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/thaw`, json: of })
  }

  /**
   * Writes a file of at most 16 MiB into the home directories of students.
   *
   * @param file `existing`: `keep` keeps what is there under another name, which the outcome tells; `replace` does not
   * @throws Conflict when the lesson has ended
   */
  push(
    id: string,
    { path, executable, existing, students }: PushFile & LessonChoice,
    content: Content,
  ): Promise<LessonOutcome> {
    const query = { path, executable, existing, students: students?.join(',') }
    return this.#http.json({ method: 'PUT', path: `${pathOf(id)}/files`, query, body: content })
  }

  /** Brings their work back to the starter of the assignment. What was there is kept as a snapshot. @throws Conflict */
  reset(id: string, of: LessonChoice = {}): Promise<LessonOutcome> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/reset`, json: of })
  }

  /** Writes to all students, or to some. @throws Conflict when it has ended */
  send(id: string, message: SendLessonMessage): Promise<LessonMessage> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/messages`, json: message })
  }

  /** What was written in it: the newest 200, oldest first. */
  async messages(id: string): Promise<readonly LessonMessage[]> {
    const call = { method: 'GET', path: `${pathOf(id)}/messages` } as const
    return (await this.#http.json<{ messages: LessonMessage[] }>(call)).messages
  }

  /** Lowers the hand of a student. @throws NotFound */
  lowerHandOf(id: string, studentId: string): Promise<void> {
    const path = `${pathOf(id)}/students/${encodeURIComponent(studentId)}/hand`
    return this.#http.done({ method: 'DELETE', path })
  }

  /** As a student: the lessons of your classes that run, with your hand and your messages. @throws PermissionDenied for staff */
  async own(): Promise<readonly OwnLesson[]> {
    const call = { method: 'GET', path: '/lessons' } as const
    return (await this.#http.json<{ lessons: OwnLesson[] }>(call)).lessons
  }

  /** As a student: a hand that is up stays where it is in the queue. @throws PermissionDenied for staff */
  raiseHand(id: string): Promise<void> {
    return this.#http.done({ method: 'PUT', path: `${pathOf(id)}/hand` })
  }

  /** As a student. @throws PermissionDenied for staff */
  lowerHand(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `${pathOf(id)}/hand` })
  }
}

const ofClass = (id: string) => `/classes/${encodeURIComponent(id)}/lessons`
const timetableOf = (id: string) => `/classes/${encodeURIComponent(id)}/timetable`
const pathOf = (id: string) => `/lessons/${encodeURIComponent(id)}`
