import { z } from 'zod'
import type { Auth } from '../auth/auth.js'
import { type Device, signIn } from '../auth/sign-in.js'
import type { ApiError } from '../errors.js'
import type { Language } from '../http/problem-titles.js'
import type { Content } from './content.js'
import { bindForm, type Courses, type Entered } from './courses.js'
import type { ToolKeys } from './keys.js'
import type { Launch, Launches } from './launch.js'
import type { Links } from './links.js'
import type { Logins } from './login.js'
import type { Page } from './pages/html.js'
import {
  bindPage,
  errorPage,
  openPage,
  pickedPage,
  pickPage,
  registeredPage,
  registerPage,
} from './pages/pages.js'
import { type Registrations, registrationQuery } from './registration.js'

export interface Needs {
  readonly auth: Auth
  readonly publicUrl: string
  readonly logins: Logins
  readonly launches: Launches
  readonly courses: Courses
  readonly links: Links
  readonly content: Content
  readonly keys: ToolKeys
  readonly registrations: Registrations
}

/** The browser that asks. */
export interface Visitor {
  readonly language: Language
  /** What the cookie of a login has. */
  readonly browser: string | undefined
  /** It has the answer as a page of its own, whose session is kept. */
  readonly isTop: boolean
  readonly device: Device
}

/** Somebody who is signed in by this. */
export interface Opened {
  readonly cookie: string
  /** A path of the pages. */
  readonly location: string
}

const ticketForm = z.object({ ticket: z.string().min(1).max(200) })
const pickForm = ticketForm.extend({ assignment: z.string().max(64) })

/**
 * What browsers of people of a platform ask for. Nothing of it needs a cookie: each page has a ticket that stands for its launch, so that
 * it works in a frame. Only who is signed in by it gets a cookie, in a window of its own.
 */
export class Door {
  constructor(private readonly needs: Needs) {}

  begin(tenantId: string, wanted: unknown) {
    return this.needs.logins.begin(tenantId, wanted)
  }

  keys() {
    return this.needs.keys.published()
  }

  /** @throws ApiError `forbidden` for everything that is not good about it */
  async launch(tenantId: string, form: unknown, visitor: Visitor): Promise<Page | Opened> {
    const { launches } = this.needs
    const { sameBrowser, ...launch } = await launches.receive(tenantId, form, visitor.browser)
    const entered = await this.needs.courses.enter(launch)
    const { kind } = launch.request
    // The browser that began the login has its answer: nobody else has put it there.
    if (kind === 'resource' && entered.course !== null && sameBrowser && visitor.isTop) {
      return this.#open(launch, entered, visitor)
    }
    return this.#next(launch, entered, await launches.keep(launch), visitor)
  }

  async bind(form: unknown, visitor: Visitor): Promise<Page> {
    const { launches, courses } = this.needs
    const { ticket } = ticketForm.parse(form)
    const launch = await launches.find(ticket, 'look')
    await courses.bind(launch, bindForm.parse(form))
    return this.#next(launch, await courses.enter(launch), ticket, visitor)
  }

  async open(form: unknown, visitor: Visitor): Promise<Opened> {
    const { launches, courses } = this.needs
    const launch = await launches.find(ticketForm.parse(form).ticket, 'end')
    return this.#open(launch, await courses.enter(launch), visitor)
  }

  async pick(form: unknown, { language }: Visitor): Promise<Page> {
    const { launches, courses, content } = this.needs
    const { ticket, assignment } = pickForm.parse(form)
    const launch = await launches.find(ticket, 'end')
    const answer = await content.answer(launch, await courses.enter(launch), assignment)
    return pickedPage({ ...launch, language }, answer)
  }

  async askToRegister(query: unknown, { language }: Visitor): Promise<Page> {
    const wanted = registrationQuery.parse(query)
    const { registration_token, ...others } = wanted
    const about = await this.needs.registrations.look(wanted)
    return registerPage(language, about, {
      ...{ ...others, ...(registration_token === undefined ? {} : { registration_token }) },
    })
  }

  async register(form: unknown, { language }: Visitor): Promise<Page> {
    const wanted = registrationQuery.parse(form)
    const { name } = await this.needs.registrations.register(wanted)
    return registeredPage(language, name, new URL(wanted.openid_configuration).origin)
  }

  error(error: ApiError, language: Language): Page {
    return errorPage(language, error)
  }

  async #next(launch: Launch, entered: Entered, ticket: string, { language, isTop }: Visitor): Promise<Page> {
    const about = { ...launch, language, ticket }
    const { courses, content } = this.needs
    if (entered.course === null) {
      return bindPage(about, await courses.choices(launch.platform.tenantId, entered.userId))
    }
    if (launch.request.kind === 'deep_linking') return pickPage(about, await content.choices(entered))
    return openPage(about, !isTop)
  }

  async #open(launch: Launch, { userId, course }: Entered, { device }: Visitor): Promise<Opened> {
    const assignment = course === null ? null : await this.needs.links.follow(launch, course)
    const isStudent = launch.request.role === 'student'
    const otherwise = isStudent ? '/work' : course === null ? '/classes' : `/classes/${course.classId}`
    return {
      cookie: await signIn(this.needs.auth, this.needs.publicUrl, userId, device),
      location: assignment === null ? otherwise : `/assignments/${assignment}`,
    }
  }
}
