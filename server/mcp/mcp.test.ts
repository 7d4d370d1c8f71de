import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { LATEST_PROTOCOL_VERSION, type Progress } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import type { Cloche, Sandbox } from '../../sdk/index.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'
import { tools } from './tools/index.js'

const run = promisify(execFile)
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

const texts = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  isError: z.boolean().optional(),
})

describe('the Model Context Protocol', { timeout: 120_000 }, () => {
  let line: CommandLine
  let url: URL
  let key: string
  let box: Sandbox
  let cloche: Cloche
  let client: Client
  let strangerKey: string
  const clients: Client[] = []

  const connect = async (as: string, at = url): Promise<Client> => {
    const made = new Client({ name: 'test', version: '1' })
    clients.push(made)
    const requestInit = { headers: { authorization: `Bearer ${as}` } }
    await made.connect(new StreamableHTTPClientTransport(at, { requestInit }))
    return made
  }
  beforeAll(async () => {
    line = await openCommandLine('mcp')
    cloche = line.cloche
    url = new URL('/mcp', line.instance.url)
    key = line.instance.admin.apiKey
    box = cloche.sandboxes.at(line.box)
    client = await connect(key)
    const stranger = await TestClient.signUp(line.instance.url, 'stranger@example.org')
    strangerKey = (await stranger.call('POST', '/api/v1/keys', { name: 'agent' })).body.key
  })
  afterAll(async () => {
    await Promise.all(clients.map((one) => one.close()))
    await line?.[Symbol.asyncDispose]()
  })

  const call = async (name: string, args: Record<string, unknown>, as = client) => {
    const { content, isError } = texts.parse(await as.callTool({ name, arguments: args }))
    return { text: content.map(({ text }) => text).join('\n'), isError: isError ?? false }
  }
  const ok = async (name: string, args: Record<string, unknown>, as = client) => {
    const { text, isError } = await call(name, args, as)
    expect(isError, text).toBe(false)
    return text
  }
  const inBox = (name: string, args: Record<string, unknown> = {}) => ok(name, { sandbox: box.id, ...args })
  const message = (method: string, params: object = {}, id: number | string = 1) => ({
    ...{ jsonrpc: '2.0', id, method, params },
  })
  const post = async (
    body: unknown,
    headers: Record<string, string> = {},
    { as = `Bearer ${key}`, at = url, method = 'POST' } = {},
  ) => {
    const answer = await fetch(at, {
      method,
      headers: {
        ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
        ...(as === '' ? {} : { authorization: as }),
        ...headers,
      },
      ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    }
  }
  /** Whether a command runs in the box that sleeps for so many seconds. */
  const sleeps = async (seconds: number) => {
    const { stdout } = await box.exec(`pgrep -fx 'sleep ${seconds}' || true`)
    return stdout.trim() !== ''
  }

  it('says what there is, in words for a model', async () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'cloche' })
    expect(client.getInstructions()).toContain('run_code')
    const listed = await client.listTools()
    expect(listed.tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name))
    for (const { description, annotations, inputSchema } of listed.tools) {
      expect(description?.length).toBeGreaterThan(60)
      expect(annotations?.readOnlyHint).toBeDefined()
      expect(inputSchema.additionalProperties).toBe(false)
    }
    const { resources } = await client.listResources()
    expect(resources).toContainEqual(expect.objectContaining({ uri: `sandbox://${box.id}/`, name: 'box' }))
    const { resourceTemplates } = await client.listResourceTemplates()
    expect(resourceTemplates).toMatchObject([{ uriTemplate: 'sandbox://{id}/{+path}' }])
    const { prompts } = await client.listPrompts()
    expect(prompts.map(({ name }) => name)).toEqual(['explain_failure', 'set_up_project', 'try_in_a_copy'])
  })

  it('has tools for the life of a sandbox', async () => {
    const made = await ok('create_sandbox', { name: 'made by an agent', network: 'none', minutes: 60 })
    const [id = ''] = /sb_\w{20}/.exec(made) ?? []
    expect(made).toContain('"made by an agent", running, template base, network none, deleted at 2')
    expect(await ok('list_sandboxes', {})).toContain(id)
    const page = await ok('list_sandboxes', { limit: 1 })
    const [, cursor = ''] = /cursor (\S+)$/.exec(page) ?? []
    expect(await ok('list_sandboxes', { limit: 1, cursor })).toContain(box.id)
    await ok('write_file', { sandbox: id, path: 'kept', content: 'as it was' })
    const [snapshot = ''] = /sn_\w{20}/.exec(await ok('take_snapshot', { sandbox: id, name: 'first' })) ?? []
    await ok('write_file', { sandbox: id, path: 'kept', content: 'changed' })
    const [, fork = ''] = /: (sb_\w{20})/.exec(await ok('fork_sandbox', { sandbox: id, name: 'copy' })) ?? []
    expect(await ok('read_file', { sandbox: fork, path: 'kept' })).toContain('changed')
    const [again = ''] = /sb_\w{20}/.exec(await ok('create_sandbox', { snapshot, network: 'none' })) ?? []
    expect(await ok('read_file', { sandbox: again, path: 'kept' })).toContain('as it was')
    for (const sandbox of [id, fork, again])
      expect(await ok('delete_sandbox', { sandbox })).toBe(`deleted ${sandbox}`)
    expect(await call('delete_sandbox', { sandbox: id })).toEqual({
      ...{ isError: true, text: 'not_found: sandbox not found' },
    })
    const audited = []
    for await (const event of cloche.audit()) audited.push(event)
    expect(audited).toContainEqual(expect.objectContaining({ action: 'sandbox.delete', target: fork }))
  })

  it('has tools for programs and commands', async () => {
    const ran = await ok('run_code', { language: 'python', code: 'print(input() * 2)', stdin: 'ab\n' })
    expect(ran).toMatch(
      /^status ok\nstep run: ok, exit code 0, .* s, \d+ MiB\n--- stdout ---\nabab\n\n--- stderr/,
    )
    expect(await ok('run_code', { language: 'python', code: 'nothing()' })).toMatch(
      /runtime_error.*NameError/s,
    )
    expect(await call('run_code', { language: 'cobol', code: 'x' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('python') },
    })
    const mixed = 'cat; echo err >&2; pwd; exit 3'
    expect(await inBox('run_command', { command: mixed, directory: '/tmp', stdin: 'in ' })).toMatch(
      /^exit code 3, .* s\n--- stdout ---\nin \/tmp\n\n--- stderr ---\nerr\n$/,
    )
    expect(await inBox('run_command', { command: ['echo', '$HOME'] })).toContain('--- stdout ---\n$HOME\n')
    expect(await inBox('run_command', { command: 'sleep 100', timeout_seconds: 1 })).toMatch(
      /^killed after 1 s/,
    )
    const much = await inBox('run_command', { command: 'seq 1000000; seq 1000000 >&2' })
    expect(much.length).toBeLessThan(30_000)
    expect(much).toMatch(
      /^exit code 0.*stdout ---\n1\n2\n.*characters left out; to see it, write.*\n1000000\n/s,
    )
  })

  it('has tools for files', async () => {
    await inBox('write_file', { path: 'work/a b.py', content: 'one = 1\ntwo = "$&"\none = 1\n' })
    await inBox('write_file', { path: 'work/run', content: '#!/bin/sh\necho ran', executable: true })
    expect(await inBox('run_command', { command: './work/run' })).toContain('ran')
    const read = (args: object) => inBox('read_file', { path: 'work/a b.py', ...args })
    expect(await read({})).toBe(
      'one = 1\ntwo = "$&"\none = 1\nlines 1 to 3 of work/a b.py; the file ends here',
    )
    expect(await read({ start_line: 2, end_line: 2 })).toContain('two = "$&"\nlines 2 to 2')
    expect(await read({ start_line: 9 })).toContain('no line 9')
    const edit = (args: object) => call('edit_file', { sandbox: box.id, path: 'work/a b.py', ...args })
    expect(await edit({ old_text: 'one', new_text: 'x' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('2 times') },
    })
    expect(await edit({ old_text: 'three', new_text: 'x' })).toMatchObject({ isError: true })
    expect(await edit({ old_text: 'two = "$&"', new_text: "two = '$1'" })).toMatchObject({
      text: 'replaced one text in work/a b.py, at line 2',
    })
    expect(await edit({ old_text: 'one', new_text: 'uno', replace_all: true })).toMatchObject({
      isError: false,
    })
    expect(await read({})).toContain("uno = 1\ntwo = '$1'\nuno = 1\n")
    expect(await inBox('list_files', { path: 'work' })).toMatch(
      /^file \d+ work\/a b\.py\nfile \d+ work\/run$/,
    )
    expect(await inBox('search_files', { query: 'UNO', path: 'work' })).toBe('nothing found')
    expect(await inBox('search_files', { query: 'un. =', path: 'work', regex: true })).toMatch(
      /a b\.py:1: uno = 1\n.*a b\.py:3: uno = 1\n2 lines in 1 files$/,
    )
    await box.exec(
      'seq 100000 > work/long; head -c 100000 /dev/zero | tr "\\0" y > work/wide; head -c 9 /dev/zero > work/b',
    )
    const long = await inBox('read_file', { path: 'work/long', start_line: 10 })
    expect(long).toMatch(/^10\n11\n.*lines 10 to \d+ of work\/long; go on with start_line \d+$/s)
    expect(await inBox('read_file', { path: 'work/wide' })).toMatch(
      /^y+ \[… the line has 100000 characters …\]/,
    )
    for (const text of [long, await inBox('search_files', { query: '1', path: 'work/long', limit: 500 })]) {
      expect(text.length).toBeLessThan(30_000)
    }
    expect(await call('read_file', { sandbox: box.id, path: 'work/b' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('not text') },
    })
    expect(await call('read_file', { sandbox: box.id, path: 'nowhere' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('file_not_found') },
    })
  })

  it('waits for a port, and says where it is opened', async () => {
    await inBox('run_command', { command: 'nohup python3 -m http.server 8123 > log 2>&1 &' })
    const found = await inBox('wait_for_port', { port: 8123 })
    expect(found).toMatch(/^port 8123 is open at \S+ by python3\. It is opened at http:\/\/8123-\w{20}\./)
    expect(await call('wait_for_port', { sandbox: box.id, port: 8124, timeout_seconds: 1 })).toMatchObject({
      ...{ isError: true, text: expect.stringMatching(/port_timeout: nothing .* 8124 .*there are .*8123/) },
    })
  })

  it('reads files as resources, and gives prompts', async () => {
    await inBox('write_file', { path: '/home/user/ä 1.txt', content: 'of a resource' })
    const read = async (uri: string) => (await client.readResource({ uri })).contents
    expect(await read(`sandbox://${box.id}/home/user/${encodeURIComponent('ä 1.txt')}`)).toMatchObject([
      { mimeType: 'text/plain', text: 'of a resource' },
    ])
    await box.exec('printf "\\377\\000" > bytes')
    expect(await read(`sandbox://${box.id}/home/user/bytes`)).toMatchObject([{ blob: '/wA=' }])
    expect(await read(`sandbox://${box.id}/`)).toMatchObject([{ text: expect.stringContaining(box.id) }])
    await expect(read(`sandbox://${box.id}/nowhere`)).rejects.toMatchObject({ code: -32002 })
    await expect(read('file:///etc/passwd')).rejects.toMatchObject({ code: -32602 })
    await expect(read(`sandbox://${box.id}/%zz`)).rejects.toMatchObject({ code: -32602 })
    const asked = { name: 'explain_failure', arguments: { language: 'python', code: 'nothing()' } }
    const { messages } = await client.getPrompt(asked)
    expect(messages).toMatchObject([{ content: { text: expect.stringContaining('nothing()') } }])
    await expect(client.getPrompt({ name: 'explain_failure' })).rejects.toMatchObject({ code: -32602 })
    await expect(client.getPrompt({ name: 'none' })).rejects.toMatchObject({ code: -32602 })
  })

  it('tells what a command prints while it runs, and ends one that is cancelled', async () => {
    const told: Progress[] = []
    const stop = new AbortController()
    const running = client.callTool(
      {
        name: 'run_command',
        arguments: { sandbox: box.id, command: 'echo begun; sleep 4321', timeout_seconds: 600 },
      },
      undefined,
      { onprogress: (one) => told.push(one), signal: stop.signal },
    )
    running.catch(() => {}) // looked at below
    await expect.poll(() => told).toMatchObject([{ progress: 6, message: 'begun\n' }])
    expect(await sleeps(4321)).toBe(true)
    stop.abort('enough')
    await expect(running).rejects.toThrow()
    await expect.poll(() => sleeps(4321)).toBe(false)
    expect(await inBox('run_command', { command: 'echo on' })).toContain('on')
  })

  it('ends a call that is cancelled at another server, or by hanging up, and none of another client', async () => {
    await using another = await AnotherServer.start(line.instance)
    const run = (seconds: number, session: string, signal?: AbortSignal) =>
      fetch(url, {
        method: 'POST',
        headers: {
          ...{
            authorization: `Bearer ${key}`,
            'mcp-session-id': session,
            'content-type': 'application/json',
          },
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify(
          message('tools/call', {
            ...{ name: 'run_command', _meta: { progressToken: 1 } },
            arguments: { sandbox: box.id, command: `echo; sleep ${seconds}`, timeout_seconds: 600 },
          }),
        ),
        ...(signal === undefined ? {} : { signal }),
      })
    const hangUp = new AbortController()
    // The headers come with the first progress, so both run now.
    const [one] = await Promise.all([run(5001, 'one'), run(5002, 'two', hangUp.signal)])
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
    const at = new URL('/mcp', another.url)
    expect((await post(cancel, { 'mcp-session-id': 'one' }, { as: `Bearer ${strangerKey}` })).status).toBe(
      202,
    )
    expect((await post(cancel, { 'mcp-session-id': 'three' }, { at })).status).toBe(202)
    expect([await sleeps(5001), await sleeps(5002)]).toEqual([true, true])
    expect((await post(cancel, { 'mcp-session-id': 'one' }, { at })).status).toBe(202)
    expect(await one.text()).not.toContain('result')
    await expect.poll(() => sleeps(5001)).toBe(false)
    expect(await sleeps(5002)).toBe(true)
    hangUp.abort()
    await expect.poll(() => sleeps(5002)).toBe(false)
  })

  it('works by stdio with the account of the command line', async () => {
    const stdio = new Client({ name: 'desktop', version: '1' })
    clients.push(stdio)
    const env = z.record(z.string(), z.string()).parse({ ...line.env })
    await stdio.connect(new StdioClientTransport({ command: 'bin/cloche', args: ['mcp'], env }))
    expect((await stdio.listTools()).tools).toHaveLength(tools.length)
    expect(await ok('run_command', { sandbox: box.id, command: 'echo by stdio' }, stdio)).toContain(
      'by stdio',
    )
    await expect(stdio.callTool({ name: 'none' })).rejects.toMatchObject({ code: -32602 })
    const stop = new AbortController()
    const told: Progress[] = []
    const running = stdio.callTool(
      { name: 'run_command', arguments: { sandbox: box.id, command: 'echo; sleep 6001' } },
      undefined,
      { onprogress: (one) => told.push(one), signal: stop.signal },
    )
    running.catch(() => {}) // looked at below
    await expect.poll(() => told.length).toBe(1)
    stop.abort()
    await expect(running).rejects.toThrow()
    await expect.poll(() => sleeps(6001)).toBe(false)
    const list = JSON.stringify(message('tools/list', {}, 'mine'))
    const piped = await line.call(['mcp'], `{\n${list}\n`)
    expect(piped.out.split('\n').map((one) => one && JSON.parse(one))).toMatchObject([
      ...[{ id: null, error: { code: -32700 } }, { id: 'mine', result: { tools: expect.anything() } }, ''],
    ])
    const refused = await line.call(['mcp'], `${list}\n`, {
      CLOCHE_URL: line.instance.url,
      CLOCHE_API_KEY: 'no',
    })
    expect(JSON.parse(refused.out)).toMatchObject({
      id: 'mine',
      error: { message: expect.stringContaining('key') },
    })
  })

  it('is used as docs/how-to/connect-an-agent.md shows', async () => {
    const page = await readFile('docs/how-to/connect-an-agent.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(1)
    const told: string[] = []
    const log = (words: string) => void told.push(words)
    const process = { env: { CLOCHE_URL: line.instance.url, CLOCHE_API_KEY: key } }
    const names = ['Client', 'StreamableHTTPClientTransport', 'process', 'console'] as const
    const body = blocks.join('\n').replaceAll(/^import .*$/gm, '')
    await new AsyncFunction(...names, body)(Client, StreamableHTTPClientTransport, process, { log })
    expect(told).toEqual([expect.stringContaining('42')])
    for (const [, block = ''] of page.matchAll(/^```json\n(.*?)^```/gms)) JSON.parse(block)
    const [, shell = ''] = /^```sh\n(curl.*?)^```/ms.exec(page) ?? []
    const answer = await run('sh', ['-c', shell], { env: { ...line.env, ...process.env } })
    expect(JSON.parse(answer.stdout).result.content[0].text).toContain(box.id)
  })

  it('tells a model what is wrong with its arguments', async () => {
    expect(await call('read_file', { sandbox: 'box', path: '', line: 3 })).toMatchObject({
      isError: true,
      text: expect.stringMatching(
        /^invalid_request: the arguments of read_file.*"line".*is not a sandbox id/s,
      ),
    })
    for (const { name } of tools.filter(({ inputSchema }) => 'required' in inputSchema)) {
      expect(await call(name, {}), name).toMatchObject({ isError: true })
      expect(await call(name, { sandbox: { $ne: 1 }, code: 7, path: [] }), name).toMatchObject({
        isError: true,
      })
    }
    await expect(client.callTool({ name: 'toString' })).rejects.toThrow(
      /unknown tool toString; there are create/,
    )
    expect((await post(message('constructor'))).body.error.code).toBe(-32601)
    expect(
      (await post(message('tools/call', { name: 'list_files', arguments: 'all' }))).body.error.code,
    ).toBe(-32602)
  })

  it('answers as the transport of the protocol says', async () => {
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
    expect(await post('a', { 'content-type': 'application/xml' })).toMatchObject({ status: 415 })
    const large = message('tools/list', { text: 'x'.repeat(21 * 1024 * 1024) })
    expect(await post(large)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    const foreign = request(url, {
      headers: { host: 'elsewhere.example', authorization: `Bearer ${key}` },
    }).end()
    const [answer] = z.tuple([z.instanceof(IncomingMessage)]).parse(await once(foreign, 'response'))
    expect([answer.statusCode, await text(answer)]).toEqual([400, expect.stringContaining('CLOCHE_HOSTS')])
    expect(await post(message('ping'))).toMatchObject({ status: 200 })
  })

  it('takes an API key and nothing else, and only while it is good', async () => {
    const nobody = await post(message('ping'), {}, { as: '' })
    expect(nobody).toMatchObject({
      status: 401,
      body: { jsonrpc: '2.0', id: null, error: { data: { code: 'unauthenticated' } } },
    })
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="Cloche"')
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
    const brief = await connect(body.key)
    const told: Progress[] = []
    const running = brief.callTool(
      { name: 'run_command', arguments: { sandbox: box.id, command: 'echo; sleep 7001' } },
      undefined,
      { onprogress: (one) => told.push(one) },
    )
    running.catch(() => {}) // nobody answers any more
    await expect.poll(() => told.length).toBe(1)
    await owner.call('DELETE', `/api/v1/keys/${body.id}`)
    await expect.poll(() => sleeps(7001)).toBe(false)
    await expect(brief.listTools()).rejects.toThrow()
  })

  it('tells another tenant nothing of a sandbox, by no tool and no resource', async () => {
    const stranger = await connect(strangerKey)
    const snapshot = await box.snapshot({ name: 'of the box' })
    const more: Readonly<Record<string, object>> = {
      run_command: { command: 'echo confidential' },
      read_file: { path: 'work/run' },
      write_file: { path: 'work/run', content: 'x' },
      edit_file: { path: 'work/run', old_text: 'echo', new_text: 'x' },
      search_files: { query: 'echo' },
      wait_for_port: { port: 8123 },
    }
    const before = await box.exec('find /home -type f -exec sha256sum {} +')
    const about = tools.filter(({ inputSchema }) => JSON.stringify(inputSchema).includes('"sandbox":'))
    expect(about).toHaveLength(tools.length - 3)
    for (const { name } of about) {
      const told = await call(name, { sandbox: box.id, ...more[name] }, stranger)
      expect(told, name).toEqual({ isError: true, text: 'not_found: sandbox not found' })
      expect(await call(name, { sandbox: newId('sb'), ...more[name] }, stranger), name).toEqual(told)
    }
    const made = await call('create_sandbox', { snapshot: snapshot.id, network: 'none' }, stranger)
    expect(made).toEqual(await call('create_sandbox', { snapshot: newId('sn'), network: 'none' }, stranger))
    expect(made.isError).toBe(true)
    expect(await ok('list_sandboxes', { cursor: box.id }, stranger)).not.toContain(box.id)
    expect(JSON.stringify(await stranger.listResources())).not.toContain(box.id)
    const read = (id: string, path: string) => stranger.readResource({ uri: `sandbox://${id}/${path}` })
    for (const path of ['', 'home/user/work/run']) {
      await expect(read(box.id, path)).rejects.toMatchObject({
        code: -32002,
        message: expect.stringContaining('sandbox not found'),
      })
    }
    expect(await box.exec('find /home -type f -exec sha256sum {} +')).toMatchObject({ stdout: before.stdout })
  })
})
