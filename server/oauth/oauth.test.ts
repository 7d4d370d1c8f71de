import { createHash, randomBytes } from 'node:crypto'
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import { type ExamClass, openExamClass } from '../../testing/exam-class.js'
import { Clients, isRegistered } from './clients.js'

const callback = 'http://127.0.0.1:33418/callback'
type Stored = Awaited<ReturnType<OAuthClientProvider['tokens']>>
type Information = Awaited<ReturnType<OAuthClientProvider['clientInformation']>>

/** A program that keeps what the official client gives it, and the address that a person is to open. */
class Program implements OAuthClientProvider {
  readonly redirectUrl = callback
  readonly clientMetadata = { client_name: 'Agent Smith', redirect_uris: [callback] }
  stored: Stored
  opened: URL | undefined
  #information: Information
  #verifier = ''
  readonly state = () => 'of the program'
  readonly clientInformation = () => this.#information
  readonly tokens = () => this.stored
  saveClientInformation(one: NonNullable<Information>) {
    this.#information = one
  }
  saveTokens(tokens: NonNullable<Stored>) {
    this.stored = tokens
  }
  redirectToAuthorization(url: URL) {
    this.opened = url
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  readonly codeVerifier = () => this.#verifier
}

describe('access by OAuth', () => {
  let room: ExamClass
  let anybody: TestClient
  const clients: Client[] = []

  beforeAll(async () => {
    room = await openExamClass()
    anybody = new TestClient(room.instance.url)
  })
  afterAll(async () => {
    for (const one of clients) await one.close()
    await room?.[Symbol.asyncDispose]()
  })

  const post = (path: string, form: Record<string, string>) =>
    anybody.call('POST', path, new URLSearchParams(form).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    })
  const register = async (uris: readonly string[] = [callback]) =>
    (await anybody.call('POST', '/oauth/register', { client_name: 'by hand', redirect_uris: uris })).body
  /** What a person allows to a program that does without the official client. */
  const allowed = async (more: object = {}, who = room.owner) => {
    const { client_id: clientId } = await register()
    const verifier = randomBytes(32).toString('base64url')
    const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
    const request = {
      ...{ clientId: String(clientId), redirectUri: callback, responseType: 'code' },
      ...{ codeChallenge, codeChallengeMethod: 'S256' },
    }
    const { status, body } = await who.call('POST', '/api/v1/grants', { ...request, ...more })
    const code = status === 201 ? (new URL(body.redirectTo).searchParams.get('code') ?? '') : ''
    const form = {
      ...{ grant_type: 'authorization_code', code, client_id: request.clientId, redirect_uri: callback },
      code_verifier: verifier,
    }
    return { status, body, request, form }
  }
  const list = (token: string, path = '/mcp') =>
    TestClient.withKey(room.instance.url, token).call('POST', path, {
      ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
      params: { name: 'list_sandboxes', arguments: {} },
    })
  const keysOf = async (who = room.owner) => (await who.call('GET', '/api/v1/keys')).body.keys

  it('works with the official client, from the first refusal to a token that is refreshed and withdrawn', async () => {
    const { instance, owner } = room
    const url = new URL('/mcp', instance.url)
    const program = new Program()
    const connect = async () => {
      const client = new Client({ name: 'smith', version: '1' })
      clients.push(client)
      const transport = new StreamableHTTPClientTransport(url, { authProvider: program })
      return { client, transport, connected: client.connect(transport) }
    }
    const first = await connect()
    await expect(first.connected).rejects.toThrow(/Unauthorized/)
    const asked = program.opened?.searchParams
    expect(program.opened?.pathname).toBe('/authorize')
    expect(asked?.get('resource')).toBe(url.href)
    const request = {
      ...{ clientId: asked?.get('client_id'), redirectUri: asked?.get('redirect_uri'), responseType: 'code' },
      ...{ codeChallenge: asked?.get('code_challenge'), codeChallengeMethod: 'S256' },
      ...{ resource: asked?.get('resource'), state: asked?.get('state') },
    }
    expect((await owner.call('POST', '/api/v1/grants/preview', request)).body).toMatchObject({
      ...{ client: 'Agent Smith', redirectHost: '127.0.0.1:33418' },
    })
    const limits = { readOnly: true }
    const { body } = await owner.call('POST', '/api/v1/grants', { ...request, limits, expiresInDays: 7 })
    const back = new URL(body.redirectTo)
    expect(back.origin + back.pathname).toBe(callback)
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual([
      'of the program',
      new URL(instance.url).origin,
    ])
    await first.transport.finishAuth(back.searchParams.get('code') ?? '')
    const { client, connected } = await connect()
    await connected
    expect(client.getInstructions()).toContain('you can only read')
    expect(await client.callTool({ name: 'list_sandboxes', arguments: {} })).toMatchObject({ content: [{}] })
    const refused = await client.callTool({ name: 'create_sandbox', arguments: {} })
    expect(JSON.stringify(refused)).toContain('readOnly')

    // It is a key like others, for /mcp alone.
    const [key] = await keysOf()
    expect(key).toMatchObject({ name: 'Agent Smith', client: 'Agent Smith', limits })
    const access = program.stored?.access_token ?? ''
    for (const path of ['/api/v1/me', '/api/v1/sandboxes', '/metrics', '/v2/']) {
      expect((await TestClient.withKey(instance.url, access).call('GET', path)).status, path).toBe(401)
    }
    // An access token that has expired is refreshed by the client itself.
    await room.database.query(
      `UPDATE api_key SET "accessUntil" = now() AT TIME ZONE 'UTC' - interval '1 s' WHERE id = $1`,
      [key.id],
    )
    await expect.poll(async () => (await list(access)).status, { timeout: 20_000 }).toBe(401)
    await client.listTools()
    expect(program.stored?.access_token).not.toBe(access)
    await owner.call('DELETE', `/api/v1/keys/${key.id}`)
    await expect(client.listTools()).rejects.toThrow()
    expect(await post('/oauth/token', refreshForm(program, String(asked?.get('client_id'))))).toMatchObject({
      ...{ status: 400, body: { error: 'invalid_grant' } },
    })
  })

  const refreshForm = (program: Program, clientId: string) => ({
    ...{
      grant_type: 'refresh_token',
      refresh_token: program.stored?.refresh_token ?? '',
      client_id: clientId,
    },
  })

  it('says where tokens come from, and refuses by the words of OAuth', async () => {
    const { url } = room.instance
    const challenge = await anybody.call('POST', '/mcp', {})
    expect(challenge.headers.get('www-authenticate')).toContain(
      `resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`,
    )
    for (const [path, form, error] of [
      ['/oauth/token', {}, 'invalid_request'],
      ['/oauth/token', { grant_type: 'password' }, 'unsupported_grant_type'],
      ['/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'x' }, 'invalid_client'],
      ['/oauth/revoke', {}, 'invalid_request'],
    ] as const) {
      expect((await post(path, form)).body.error, path).toBe(error)
    }
    const twice = await anybody.call('POST', '/oauth/token', 'grant_type=a&grant_type=b', {
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request'])
    expect(await post('/oauth/revoke', { token: 'nothing' })).toMatchObject({ status: 200, body: {} })
  })

  it('registers only addresses where a code is safe', async () => {
    for (const uri of [
      ...['http://example.org/', 'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'x'],
      ...['https://a@example.org/', 'https://example.org/#x', 'http://127.0.0.1.example.org/'],
    ]) {
      const answer = await anybody.call('POST', '/oauth/register', { redirect_uris: [uri] })
      expect([answer.status, answer.body.error], uri).toEqual([400, 'invalid_redirect_uri'])
    }
    const many = Array.from({ length: 6 }, () => callback)
    for (const redirect_uris of [[], many, ['x'.repeat(300)], 'x']) {
      const answer = await anybody.call('POST', '/oauth/register', { redirect_uris })
      expect(answer.body.error).toBe('invalid_client_metadata')
    }
    const uris = [
      'https://app.example/cb',
      'cursor://agent/callback',
      'com.example.app:/cb',
      'http://[::1]/cb',
    ]
    const { client_id } = await register(uris)
    const client = { name: '', redirectUris: uris }
    for (const uri of [...uris, 'http://[::1]:4711/cb']) expect(isRegistered(client, uri), uri).toBe(true)
    for (const uri of [
      'https://app.example/cb/',
      'https://app.example:444/cb',
      'http://[::1]:4711/other',
      'http://[::1]:99999/cb',
    ]) {
      expect(isRegistered(client, uri), uri).toBe(false)
    }
    // What a client says of itself is signed.
    const [said = '', signature = ''] = String(client_id).split('.')
    const other = Buffer.from(JSON.stringify({ n: 'x', r: ['https://evil.example/'] })).toString('base64url')
    for (const clientId of [said, `${other}.${signature}`, `${said}.`, '']) {
      expect(() => new Clients('x'.repeat(32)).find(clientId)).toThrow(/not registered/)
    }
    const forged = await allowed({ clientId: `${other}.${signature}`, redirectUri: 'https://evil.example/' })
    expect(forged).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })

  it('is asked for as it was registered, with PKCE, and for /mcp', async () => {
    for (const wrong of [
      { redirectUri: 'https://evil.example/' },
      { redirectUri: `${callback}/more` },
      { codeChallengeMethod: 'plain' },
      { codeChallenge: '' },
      { responseType: 'token' },
      { resource: 'https://elsewhere.example/mcp' },
    ]) {
      expect((await allowed(wrong)).status, JSON.stringify(wrong)).toBe(400)
    }
  })

  it('gives tokens for a code once, to who asked, with the verifier', async () => {
    for (const wrong of [
      { code_verifier: randomBytes(32).toString('base64url') },
      { redirect_uri: 'http://127.0.0.1:1/callback' },
      { client_id: String((await register(['https://app.example/'])).client_id) },
    ]) {
      const { form } = await allowed()
      expect((await post('/oauth/token', { ...form, ...wrong })).body.error).toBe('invalid_grant')
      // It is spent: nobody tries again.
      expect((await post('/oauth/token', form)).body.error).toBe('invalid_grant')
    }
    const { form: elsewhere } = await allowed()
    const target = await post('/oauth/token', { ...elsewhere, resource: 'https://elsewhere.example/mcp' })
    expect(target.body.error).toBe('invalid_target')
    const { form: late } = await allowed()
    await room.database.query(`UPDATE oauth_code SET "expiresAt" = now() AT TIME ZONE 'UTC' WHERE NOT used`)
    expect((await post('/oauth/token', late)).body.error).toBe('invalid_grant')

    // A code that comes twice ends what was made of it, also when both come at once.
    const { form } = await allowed()
    const { body } = await post('/oauth/token', form)
    expect((await list(body.access_token)).status).toBe(200)
    expect((await post('/oauth/token', form)).status).toBe(400)
    expect((await list(body.access_token)).status).toBe(401)
    const { form: race } = await allowed()
    const both = await Promise.all([post('/oauth/token', race), post('/oauth/token', race)])
    for (const one of both) {
      if (one.status === 200) expect((await list(one.body.access_token)).status).toBe(401)
    }
    expect(both.some(({ status }) => status === 400)).toBe(true)
  })

  it('changes tokens at each refresh, and ends when an old one comes again', async () => {
    const { form, request } = await allowed()
    const { body: first } = await post('/oauth/token', form)
    const refresh = (token: string, clientId = request.clientId) =>
      post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token, client_id: clientId })
    const { client_id: other } = await register(['https://app.example/'])
    expect((await refresh(first.refresh_token, String(other))).status).toBe(400)
    const { body: second } = await refresh(first.refresh_token)
    expect((await list(first.access_token)).status).toBe(401)
    expect((await list(second.access_token)).status).toBe(200)
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant')
    expect((await list(second.access_token)).status).toBe(401)
    expect((await refresh(second.refresh_token)).status).toBe(400)

    const { form: again } = await allowed()
    const { body: tokens } = await post('/oauth/token', again)
    await post('/oauth/revoke', { token: tokens.refresh_token })
    expect((await list(tokens.access_token)).status).toBe(401)
    // A key that is no grant is not ended by who has it and no account.
    const { body: key } = await room.owner.call('POST', '/api/v1/keys', { name: 'stays' })
    await post('/oauth/revoke', { token: key.key })
    expect((await list(key.key)).status).toBe(200)
  })

  it('is allowed by owners and admins for their tenant, and by nobody in an exam', async () => {
    const { tess, ann, instance } = room
    for (const { client } of [tess, ann]) expect((await allowed({}, client)).status).toBe(403)
    const { body: key } = await room.owner.call('POST', '/api/v1/keys', { name: 'no person' })
    expect((await allowed({}, TestClient.withKey(instance.url, key.key))).status).toBe(403)
    expect((await allowed({}, anybody)).status).toBe(401)
    await room.exam()
    const writing = await allowed({}, ann.client)
    expect(writing).toMatchObject({ status: 403, body: { detail: expect.stringContaining('exam') } })

    // What somebody allows is for their tenant, whoever the program is.
    const stranger = await TestClient.signUp(instance.url, 'stranger-by-oauth@example.org')
    const { form } = await allowed({}, stranger)
    const { body } = await post('/oauth/token', form)
    const { body: box } = await room.owner.call('POST', '/api/v1/sandboxes', {
      ...{ limits: room.limits, network: 'none' },
    })
    expect(JSON.stringify((await list(body.access_token)).body)).not.toContain(box.id)
    expect(await keysOf(stranger)).toMatchObject([{ client: 'by hand' }])
    await room.owner.call('DELETE', `/api/v1/sandboxes/${box.id}`)
  })
})
