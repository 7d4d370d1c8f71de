import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }

describe('a signed URL', () => {
  let instance: Instance
  let operator: TestClient
  let id: string

  beforeAll(async () => {
    instance = await sharedInstance()
    operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
    id = (await operator.call('POST', '/api/v1/sandboxes', { limits })).body.id
    await put('report <1>.html', '<script>alert(1)</script>')
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  const put = (path: string, content: string) =>
    operator.call('PUT', `/api/v1/sandboxes/${id}/files?path=${encodeURIComponent(path)}`, content, {
      'content-type': 'application/octet-stream',
    })
  const sign = async (body: object, as = operator, sandbox = id): Promise<string> => {
    const answer = await as.call('POST', `/api/v1/sandboxes/${sandbox}/files/sign`, body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body.url
  }
  const refusal = async (url: string | URL, init?: RequestInit) => {
    const answer = await fetch(url, init)
    return [answer.status, (await answer.json()).detail]
  }

  it('reads its file without another credential, as a download that never runs as a page', async () => {
    const url = await sign({ path: 'report <1>.html' })
    const { status, headers, ...answer } = await fetchOf(url)
    expect([status, answer.text]).toEqual([200, '<script>alert(1)</script>'])
    expect(headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''report%20%3C1%3E.html")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(headers.get('cache-control')).toBe('no-store')
    const part = await fetchOf(url, { headers: { range: 'bytes=1-6' } })
    expect([part.status, part.text]).toEqual([206, 'script'])
  })

  it('replaces its file, with conditions, and both the signing and the write are audited', async () => {
    const url = await sign({ path: 'in/upload', method: 'PUT' })
    const made = await fetchOf(url, { method: 'PUT', body: 'content', headers: { 'if-none-match': '*' } })
    expect(made.status).toBe(201)
    const again = await fetchOf(url, { method: 'PUT', body: 'other', headers: { 'if-none-match': '*' } })
    expect(again.status).toBe(412)
    expect((await operator.call('GET', `/api/v1/sandboxes/${id}/files?path=in/upload`)).body).toBe('content')
    const { items } = (await operator.call('GET', `/api/v1/audit?target=${id}`)).body
    const told = items.map((one: { action: string; actor: string }) => [one.action, one.actor])
    expect(told).toContainEqual(['file.sign', instance.admin.email])
    expect(told).toContainEqual(['file.write', `${instance.admin.email} by a signed URL`])
  })

  it('is for one method, one path and one time', async () => {
    const url = await sign({ path: 'in/upload' })
    expect(await refusal(url, { method: 'PUT', body: 'x' })).toEqual([
      ...[403, 'this URL is for GET, not for PUT'],
    ])
    const [body = '', signature = ''] = (new URL(url).searchParams.get('token') ?? '').split('.')
    const said = JSON.parse(Buffer.from(body, 'base64url').toString())
    const forged = (change: object, signed = signature) => {
      const other = new URL(url)
      const text = Buffer.from(JSON.stringify({ ...said, ...change })).toString('base64url')
      other.searchParams.set('token', `${text}.${signed}`)
      return other
    }
    const key = createHmac('sha256', 'guessed').update(body).digest('base64url')
    for (const tampered of [
      ...[forged({ p: '/etc/passwd' }), forged({ m: 'PUT' }), forged({ e: said.e + 60 }), forged({}, key)],
      ...[forged({}, ''), forged({}, signature.slice(1)), `${url}x.y`, forged({ s: newId('sb') })],
    ]) {
      const [status, detail] = await refusal(tampered)
      expect([status, detail]).toEqual([403, expect.stringMatching(/not signed by this installation/)])
    }
    const short = await sign({ path: 'in/upload', expiresInSeconds: 1 })
    await expect
      .poll(() => refusal(short), { timeout: 10_000 })
      .toEqual([...[403, 'this URL has expired; ask for a new one']])
    for (const wrong of [{ expiresInSeconds: 0 }, { expiresInSeconds: 1e7 }, { method: 'DELETE' }]) {
      const answer = await operator.call('POST', `/api/v1/sandboxes/${id}/files/sign`, {
        path: 'x',
        ...wrong,
      })
      expect(answer.status).toBe(400)
    }
  })

  it('ends with the key that signed it, while its tenant is paused, and with its sandbox', async () => {
    const made = (await operator.call('POST', '/api/v1/keys', { name: 'for links' })).body
    const byKey = await sign({ path: 'in/upload' }, TestClient.withKey(instance.url, made.key))
    expect((await fetchOf(byKey)).status).toBe(200)
    await operator.call('DELETE', `/api/v1/keys/${made.id}`)
    const gone = [403, expect.stringMatching(/has no access any more/)]
    expect(await refusal(byKey)).toEqual(gone)

    const byUser = await sign({ path: 'in/upload' })
    const tenant = (await operator.call('GET', '/api/v1/me')).body.tenant.id
    await operator.call('POST', `/api/v1/admin/tenants/${tenant}/pause`, {})
    expect(await refusal(byUser)).toEqual(gone)
    await operator.call('POST', `/api/v1/admin/tenants/${tenant}/resume`, {})
    expect((await fetchOf(byUser)).status).toBe(200)
    await operator.call('DELETE', `/api/v1/sandboxes/${id}`)
    expect((await fetchOf(byUser)).status).toBe(404)
  })
})

async function fetchOf(url: string, init?: RequestInit) {
  const answer = await fetch(url, init)
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}
