import { expect } from 'vitest'
import { TestClient } from './client.js'
import type { PlatformUser, ReferencePlatform } from './lti-platform.js'

/** Where a page is opened: as a page of its own, or in a frame of the platform. */
export const [top, framed] = ['document', 'iframe'] as const

export interface Launching {
  readonly dest?: string
  /** Of the claims; undefined takes one away. */
  readonly changes?: Record<string, unknown>
  readonly target?: string
  /** What becomes of the token on its way. */
  readonly token?: (token: string) => string
  /** Of the login. Browsers send none in a frame. */
  readonly withCookie?: boolean
}

/** What a browser does between a platform and a tool: it follows redirects and posts forms, with the cookies that it is let send. */
export class LaunchingBrowser {
  constructor(
    private readonly url: string,
    private readonly platform: ReferencePlatform,
    /** The tenant whose addresses the platform has. */
    readonly tenantId: string,
  ) {}

  get launchUrl(): string {
    return `${this.url}/lti/${this.tenantId}/launch`
  }

  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    const answer = await fetch(new URL(path, this.url), {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(form) },
      headers: { accept: 'text/html', ...headers },
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  /** The same from a page of the tool. */
  submit(path: string, form: Record<string, string>) {
    return this.post(path, form, { origin: this.url })
  }

  /** A login up to what the tool asks the platform for. */
  async begin(user: PlatformUser, target = this.launchUrl) {
    const { url, clientId } = this.platform
    const login = await this.post(
      `/lti/${this.tenantId}/login`,
      {
        iss: url,
        login_hint: user.id,
        target_link_uri: target,
        client_id: clientId,
        lti_message_hint: 'hint',
      },
      { origin: url },
    )
    expect([login.status, login.text]).toEqual([302, ''])
    const asked = this.platform.authRequest(login.headers.get('location') ?? '')
    expect(asked).toMatchObject({ redirectUri: this.launchUrl, hint: user.id })
    return { ...asked, cookie: cookieOf(login.headers) }
  }

  comeBack(
    { state, cookie }: { readonly state: string; readonly cookie: string },
    token: string,
    { dest = top, withCookie = true }: Launching = {},
  ) {
    return this.post(
      this.launchUrl,
      { state, id_token: token },
      { origin: this.platform.url, 'sec-fetch-dest': dest, ...(withCookie ? { cookie } : {}) },
    )
  }

  async launch(user: PlatformUser, how: Launching = {}) {
    const { changes = {}, target = this.launchUrl, token = (one: string) => one } = how
    const asked = await this.begin(user, target)
    const made = token(await this.platform.idToken(user, asked.nonce, target, changes))
    return this.comeBack(asked, made, how)
  }

  /** A launch that signs in at once. */
  async enter(user: PlatformUser, how: Launching = {}) {
    const answer = await this.launch(user, how)
    expect(answer.status, answer.text).toBe(303)
    return { client: this.signedIn(answer.headers), location: answer.headers.get('location') ?? '' }
  }

  /** Whoever is signed in by an answer. */
  signedIn(headers: Headers): TestClient {
    return new TestClient(this.url, { cookie: cookieOf(headers), origin: this.url })
  }
}

export const ticketOf = (page: string) => /name="ticket" value="([^"]+)"/.exec(page)?.[1] ?? ''

/** Answered with a page that says why, and nobody is signed in. */
export async function expectRefused(
  answer: Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>,
  why: RegExp,
): Promise<void> {
  const { status, text, headers } = await answer
  expect([status, text]).toEqual([403, expect.stringMatching(why)])
  expect(headers.getSetCookie()).toEqual([])
}

const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(';')[0] ?? ''
