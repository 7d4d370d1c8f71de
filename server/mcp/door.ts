import { once } from 'node:events'
import { IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { LATEST_PROTOCOL_VERSION, type Progress } from '@modelcontextprotocol/sdk/types.js'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import { type Agent, message } from '../../testing/agent.js'
import { TestClient } from '../../testing/client.js'
import { tools } from './tools/index.js'

/** Tests of who is let in at `/mcp`, with what, and what they find of others. */
export function holdDoor(given: () => { agent: Agent; strangerKey: string }): void {
  const post: Agent['post'] = (...args) => given().agent.post(...args)

  it('answers as the transport of the protocol says', async () => {
    const { agent } = given()
    const { box } = agent
    const initialize = message('initialize', { protocolVersion: '2025-06-18', capabilities: {} })
    const begun = await post(initialize)
    expect(begun.body.result.protocolVersion).toBe('2025-06-18')
    expect(begun.headers.get('mcp-session-id')).toMatch(/^ms_\w{20}$/)
    const other = await post(message('initialize', { protocolVersion: '1999-01-01' }))
    expect(other.body.result.protocolVersion).toBe(LATEST_PROTOCOL_VERSION)
    expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    expect((await post(message('ping'), { 'mcp-protocol-version': '1999-01-01' })).status).toBe(400)
    const batch = await post([message('ping', {}, 'a'), message('none', {}, 'b')])
    expect(batch.body).toMatchObject([
      { id: 'a', result: {} },
      { id: 'b', error: { code: -32601 } },
    ])
    const command = { name: 'run_command', arguments: { sandbox: box.id, command: 'echo plain' } }
    const plain = await post(message('tools/call', command), { accept: 'application/json' })
    expect(plain.body.result.content[0].text).toContain('plain')
    for (const method of ['GET', 'DELETE']) {
      const answer = await post('', {}, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })

  it('refuses what is no message, as a problem', async () => {
    const { agent } = given()
    const wrong = [
      {},
      'x',
      7,
      [],
      [7],
      { jsonrpc: '1.0', id: 1, method: 'ping' },
      { ...message('ping'), id: null },
    ]
    const many = Array.from({ length: 21 }, (_, id) => message('ping', {}, id))
    for (const body of [...wrong.map((one) => JSON.stringify(one)), '{', '', JSON.stringify(many)]) {
      const answer = await post(body)
      expect(answer, body).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    }
    expect(await post(message('ping', {}, 'x'.repeat(257)))).toMatchObject({ status: 400 })
    const noCall = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'x'.repeat(9000) },
    }
    expect(await post(noCall, { 'mcp-session-id': 'one' })).toMatchObject({ status: 202 })
    expect(await post('a', { 'content-type': 'application/xml' })).toMatchObject({ status: 415 })
    const large = message('tools/list', { text: 'x'.repeat(21 * 1024 * 1024) })
    expect(await post(large)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    const foreign = request(agent.url, {
      headers: { host: 'elsewhere.example', authorization: `Bearer ${agent.key}` },
    }).end()
    const [answer] = z.tuple([z.instanceof(IncomingMessage)]).parse(await once(foreign, 'response'))
    expect([answer.statusCode, await text(answer)]).toEqual([400, expect.stringContaining('CLOCHE_HOSTS')])
    expect(await post(message('ping'))).toMatchObject({ status: 200 })
  })

  it('takes an API key and nothing else, and only while it is good', async () => {
    const { agent } = given()
    const { line, box } = agent
    const nobody = await post(message('ping'), {}, { as: '' })
    expect(nobody).toMatchObject({
      status: 401,
      body: { jsonrpc: '2.0', id: null, error: { data: { code: 'unauthenticated' } } },
    })
    expect(nobody.headers.get('www-authenticate')).toBe(
      `Bearer realm="Cloche", resource_metadata="${line.instance.url}/.well-known/oauth-protected-resource/mcp"`,
    )
    const wrong = await post(message('ping'), {}, { as: 'Bearer no' })
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
    const owner = await TestClient.signIn(
      line.instance.url,
      line.instance.admin.email,
      line.instance.admin.password,
    )
    expect(await owner.call('POST', '/mcp', message('ping'))).toMatchObject({ status: 401 })
    const page = { origin: 'https://elsewhere.example' }
    expect(await owner.call('POST', '/mcp', message('ping'), page)).toMatchObject({ status: 403 })
    expect((await post(message('ping'), page, { as: 'Bearer no' })).status).toBe(401)
    const { body } = await owner.call('POST', '/api/v1/keys', { name: 'for a while' })
    const brief = await agent.connect(body.key)
    const told: Progress[] = []
    const running = brief.callTool(
      { name: 'run_command', arguments: { sandbox: box.id, command: 'echo; sleep 7001' } },
      undefined,
      { onprogress: (one) => told.push(one) },
    )
    running.catch(() => {}) // nobody answers any more
    await expect.poll(() => told.length).toBe(1)
    await owner.call('DELETE', `/api/v1/keys/${body.id}`)
    await expect.poll(() => agent.sleeps(7001)).toBe(false)
    await expect(brief.listTools()).rejects.toThrow()
  })

  it('tells another tenant nothing of a sandbox, by no tool and no resource', async () => {
    const { agent, strangerKey } = given()
    const { box } = agent
    const stranger = await agent.connect(strangerKey)
    const snapshot = await box.snapshot({ name: 'of the box' })
    const more: Readonly<Record<string, object>> = {
      run_command: { command: 'echo confidential' },
      read_file: { path: 'project/run' },
      write_file: { path: 'project/run', content: 'x' },
      edit_file: { path: 'project/run', old_text: 'echo', new_text: 'x' },
      search_files: { query: 'echo' },
      wait_for_port: { port: 8123 },
    }
    const before = await box.exec('find /home -type f -exec sha256sum {} +')
    const about = tools.filter(({ inputSchema }) => JSON.stringify(inputSchema).includes('"sandbox":'))
    expect(about).toHaveLength(tools.length - 3)
    for (const { name } of about) {
      const told = await agent.call(name, { sandbox: box.id, ...more[name] }, stranger)
      expect(told, name).toEqual({ isError: true, text: 'not_found: sandbox not found' })
      expect(await agent.call(name, { sandbox: newId('sb'), ...more[name] }, stranger), name).toEqual(told)
    }
    const made = await agent.call('create_sandbox', { snapshot: snapshot.id, network: 'none' }, stranger)
    expect(made).toEqual(
      await agent.call('create_sandbox', { snapshot: newId('sn'), network: 'none' }, stranger),
    )
    expect(made.isError).toBe(true)
    expect(await agent.ok('list_sandboxes', { cursor: box.id }, stranger)).not.toContain(box.id)
    expect(JSON.stringify(await stranger.listResources())).not.toContain(box.id)
    const read = (id: string, path: string) => stranger.readResource({ uri: `sandbox://${id}/${path}` })
    for (const path of ['', 'home/user/project/run']) {
      await expect(read(box.id, path)).rejects.toMatchObject({
        code: -32002,
        message: expect.stringContaining('sandbox not found'),
      })
    }
    expect(await box.exec('find /home -type f -exec sha256sum {} +')).toMatchObject({ stdout: before.stdout })
  })
}
