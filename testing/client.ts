import { z } from 'zod'

/** What a call answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects, and that is its check
  readonly body: any
}

const document = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) })),
  ),
})
interface Documented {
  readonly fits: RegExp
  readonly calls: z.infer<typeof document>['paths'][string]
}
/** The paths of each server, read once; those without a parameter first. */
const documents = new Map<string, Promise<readonly Documented[]>>()

async function documentedAt(url: string): Promise<readonly Documented[]> {
  const { paths } = document.parse(await (await fetch(new URL('/api/openapi.json', url))).json())
  return Object.entries(paths)
    .toSorted(([one], [other]) => Number(one.includes('{')) - Number(other.includes('{')))
    .map(([path, calls]) => ({ fits: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`), calls }))
}

/**
 * Every call that a test makes is held to what the API's document says: an answer with a status that is not in it would
 * leave without a check of its body, and no client would expect it.
 */
async function assertDocumented(url: string, method: string, path: string, status: number): Promise<void> {
  const { pathname } = new URL(path, url)
  if (status >= 300 || !pathname.startsWith('/api/v1/')) return
  const known = documents.get(url) ?? documentedAt(url)
  documents.set(url, known)
  const found = (await known).find(({ fits }) => fits.test(pathname))
  const responses = found?.calls[method.toLowerCase().replace('head', 'get')]?.responses
  if (responses?.[status] !== undefined) return
  throw new Error(
    `${method} ${pathname} answered ${status}; the API's document has ${Object.keys(responses ?? {})}`,
  )
}

/** Whoever calls an instance in a test: with a key, with a session, or as nobody. */
export class TestClient {
  constructor(
    readonly url: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** Signs up and keeps the session. */
  static async signUp(url: string, email: string, password = 'correct horse battery'): Promise<TestClient> {
    return TestClient.#signed(url, 'sign-up', { name: email.split('@')[0], email, password })
  }

  static async signIn(url: string, email: string, password: string): Promise<TestClient> {
    return TestClient.#signed(url, 'sign-in', { email, password })
  }

  static withKey(url: string, key: string): TestClient {
    return new TestClient(url, { authorization: `Bearer ${key}` })
  }

  static async #signed(url: string, how: string, body: object): Promise<TestClient> {
    const answer = await new TestClient(url, { origin: url }).call('POST', `/api/auth/${how}/email`, body)
    if (answer.status !== 200) throw new Error(`${how}: ${answer.status} ${JSON.stringify(answer.body)}`)
    const cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    return new TestClient(url, { cookie, origin: url })
  }

  /** What a socket's handshake needs to be this caller's. */
  get extraHeaders(): Readonly<Record<string, string>> {
    return this.headers
  }

  /** @param body an object is sent as JSON, a string or bytes as they are */
  async call(
    method: string,
    path: string,
    body?: object | string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = endless.test(path) ? await beginningOf(answer) : await answer.text()
    await assertDocumented(this.url, method, path, answer.status)
    const json = text !== '' && /json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text }
  }
}

/** Answers that go on until the caller has enough. */
const endless = /\/files\/watch(\?|$)/

async function beginningOf(answer: Response): Promise<string> {
  if (!answer.ok || answer.body === null) return answer.text()
  const reader = answer.body.getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}
