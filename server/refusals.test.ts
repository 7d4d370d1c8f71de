import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../testing/client.js'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'

describe('the API refuses', () => {
  let instance: Instance
  let key: TestClient
  let ann: TestClient

  beforeAll(async () => {
    instance = await sharedInstance()
    key = TestClient.withKey(instance.url, instance.admin.apiKey)
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  it.each<[string, object | string, number]>([
    ['an unknown template', { template: 'nope' }, 422],
    ['limits beyond what a machine has', { limits: { cpus: 1e6 } }, 400],
    ['limits of zero', { limits: { memoryMiB: 0 } }, 400],
    ['negative limits', { limits: { pids: -1 } }, 400],
    ['fractions of a MiB', { limits: { diskMiB: 20.5 } }, 400],
    ['limits in words', { limits: { cpus: 'two' } }, 400],
    ['a limit that does not exist', { limits: { gpus: 1 } }, 400],
    ['control characters in a name', { name: 'a\u001b[2J' }, 400],
    ['an address range in an allowlist', { network: { allow: ['10.0.0.0/8'] } }, 400],
    ['a wildcard in an allowlist', { network: { allow: ['*.example.org'] } }, 400],
    ['what is not JSON', '{"name":', 400],
    ['a prototype', '{"__proto__":{"x":1}}', 400],
    ['a body of 100 MB', `"${'x'.repeat(100_000_000)}"`, 413],
  ])('%s', async (_, body, status) => {
    const answer = await key.call('POST', '/api/v1/sandboxes', body)
    expect(answer).toMatchObject({
      status,
      body: { status, type: expect.any(String), detail: expect.any(String) },
    })
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect((await key.call('GET', '/healthz')).status).toBe(200)
  })

  it('a body at its first piece, and goes on with the next call', async () => {
    const limits = { cpus: 0.5, memoryMiB: 64, diskMiB: 64, pids: 64 }
    const { body: box } = await key.call('POST', '/api/v1/sandboxes', { limits })
    const path = `/api/v1/sandboxes/${box.id}`
    // The other pieces have left the caller by then.
    for (const bytes of [70_000, 100_000, 130_000, 300_000]) {
      for (let round = 0; round < 4; round++) {
        const noTar = new Uint8Array(bytes).fill(120)
        expect((await key.call('PUT', `${path}/archive?path=more`, noTar)).status).toBe(400)
        expect((await key.call('GET', `${path}/files/stat?path=.`)).status).toBe(200)
      }
    }
  })

  it('calls without a key, with a wrong one, and to nowhere', async () => {
    const nobody = new TestClient(instance.url)
    expect((await nobody.call('GET', '/api/v1/sandboxes')).status).toBe(401)
    expect((await TestClient.withKey(instance.url, 'clk_wrong').call('GET', '/api/v1/me')).status).toBe(401)
    expect((await key.call('GET', '/api/v1/nowhere')).body.code).toBe('not_found')
    expect((await nobody.call('GET', '/metrics')).status).toBe(401)
    expect((await nobody.call('GET', '/api/auth/admin/list-users')).status).toBe(404)
  })

  it('in the language that the caller prefers, with the same code and the same detail', async () => {
    const nobody = new TestClient(instance.url)
    const answerIn = async (language: string) => {
      const { body, headers } = await nobody.call('GET', '/api/v1/me', undefined, {
        'accept-language': language,
      })
      return { ...body, language: headers.get('content-language'), vary: headers.get('vary') }
    }
    const english = await answerIn('de, *')
    expect(english).toMatchObject({
      title: 'Authentication required',
      language: 'en',
      vary: 'Accept-Language',
    })
    expect(await answerIn('zh-CN,zh;q=0.9,en;q=0.8')).toEqual({
      ...english,
      title: '需要身份验证',
      language: 'zh-CN',
    })
  })

  it.each([
    ['GET', 'get-session'],
    ['GET', 'list-sessions'],
    ['POST', 'change-password'],
    ['POST', 'update-user'],
    ['POST', 'revoke-other-sessions'],
  ])('%s /api/auth/%s, which is a second door to /api/v1/account', async (method, name) => {
    const answer = await ann.call(method, `/api/auth/${name}`, method === 'GET' ? undefined : {})
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found'])
    expect((await ann.call('GET', '/api/v1/account/sessions')).status).toBe(200)
  })

  it("another origin's page with somebody's cookie", async () => {
    const attack = { origin: 'https://evil.example' }
    const answer = await ann.call('POST', '/api/v1/sandboxes', {}, attack)
    expect(answer.body.code).toBe('forbidden')
    const signIn = { email: 'ann@example.org', password: 'correct horse battery' }
    expect(
      (await new TestClient(instance.url).call('POST', '/api/auth/sign-in/email', signIn, attack)).status,
    ).toBe(403)
  })
})
