/** What a call answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects, and that is its check
  readonly body: any
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

  /** @param body an object is sent as JSON, a string as it is */
  async call(
    method: string,
    path: string,
    body?: object | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = await answer.text()
    const json = /json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text }
  }
}
