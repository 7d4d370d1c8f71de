import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Progress } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Cloche, Sandbox } from '../../sdk/index.js'
import { Agent, message } from '../../testing/agent.js'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import type { CommandLine } from '../../testing/command-line.js'
import { holdDoor } from './door.js'
import { tools } from './tools/index.js'

const run = promisify(execFile)
/** A web server of Python would ask for names first. */
const listens = 'import socket, time; s = socket.create_server(("", 8123)); time.sleep(3600)'
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('the Model Context Protocol', { timeout: 120_000 }, () => {
  let agent: Agent
  let line: CommandLine
  let cloche: Cloche
  let box: Sandbox
  let client: Client
  let strangerKey: string

  beforeAll(async () => {
    agent = await Agent.open()
    ;({ line, box, client } = agent)
    cloche = line.cloche
    const stranger = await TestClient.signUp(line.instance.url, 'stranger@example.org')
    strangerKey = (await stranger.call('POST', '/api/v1/keys', { name: 'agent' })).body.key
  })
  afterAll(() => agent?.[Symbol.asyncDispose]())
  const call: Agent['call'] = (...args) => agent.call(...args)
  const ok: Agent['ok'] = (...args) => agent.ok(...args)
  const inBox: Agent['inBox'] = (...args) => agent.inBox(...args)
  const post: Agent['post'] = (...args) => agent.post(...args)
  const sleeps: Agent['sleeps'] = (...args) => agent.sleeps(...args)

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
    await inBox('write_file', { path: 'project/a b.py', content: 'one = 1\ntwo = "$&"\none = 1\n' })
    await inBox('write_file', { path: 'project/run', content: '#!/bin/sh\necho ran', executable: true })
    expect(await inBox('run_command', { command: './project/run' })).toContain('ran')
    const read = (args: object) => inBox('read_file', { path: 'project/a b.py', ...args })
    expect(await read({})).toBe(
      'one = 1\ntwo = "$&"\none = 1\nlines 1 to 3 of project/a b.py; the file ends here',
    )
    expect(await read({ start_line: 2, end_line: 2 })).toContain('two = "$&"\nlines 2 to 2')
    expect(await read({ start_line: 9 })).toContain('no line 9')
    const edit = (args: object) => call('edit_file', { sandbox: box.id, path: 'project/a b.py', ...args })
    expect(await edit({ old_text: 'one', new_text: 'x' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('2 times') },
    })
    expect(await edit({ old_text: 'three', new_text: 'x' })).toMatchObject({ isError: true })
    expect(await edit({ old_text: 'two = "$&"', new_text: "two = '$1'" })).toMatchObject({
      text: 'replaced one text in project/a b.py, at line 2',
    })
    expect(await edit({ old_text: 'one', new_text: 'uno', replace_all: true })).toMatchObject({
      isError: false,
    })
    expect(await read({})).toContain("uno = 1\ntwo = '$1'\nuno = 1\n")
    expect(await inBox('list_files', { path: 'project' })).toMatch(
      /^file \d+ project\/a b\.py\nfile \d+ project\/run$/,
    )
    expect(await inBox('search_files', { query: 'UNO', path: 'project' })).toBe('nothing found')
    expect(await inBox('search_files', { query: 'un. =', path: 'project', regex: true })).toMatch(
      /a b\.py:1: uno = 1\n.*a b\.py:3: uno = 1\n2 lines in 1 files$/,
    )
    await box.exec(
      'seq 100000 > project/long; head -c 100000 /dev/zero | tr "\\0" y > project/wide; head -c 9 /dev/zero > project/b',
    )
    const long = await inBox('read_file', { path: 'project/long', start_line: 10 })
    expect(long).toMatch(/^10\n11\n.*lines 10 to \d+ of project\/long; go on with start_line \d+$/s)
    expect(await inBox('read_file', { path: 'project/wide' })).toMatch(
      /^y+ \[… the line has 100000 characters …\]/,
    )
    for (const text of [
      long,
      await inBox('search_files', { query: '1', path: 'project/long', limit: 500 }),
    ]) {
      expect(text.length).toBeLessThan(30_000)
    }
    expect(await call('read_file', { sandbox: box.id, path: 'project/b' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('not text') },
    })
    expect(await call('read_file', { sandbox: box.id, path: 'nowhere' })).toMatchObject({
      ...{ isError: true, text: expect.stringContaining('file_not_found') },
    })
  })

  it('waits for a port, and says where it is opened', async () => {
    await inBox('run_command', { command: `nohup python3 -c '${listens}' > log 2>&1 &` })
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
        arguments: {
          sandbox: box.id,
          command: 'echo begun; sleep 0.1; printf more; sleep 4321',
          timeout_seconds: 600,
        },
      },
      undefined,
      { onprogress: (one) => told.push(one), signal: stop.signal },
    )
    running.catch(() => {}) // looked at below
    await expect.poll(() => told.map(({ message }) => message).join('')).toBe('begun\nmore')
    expect(told.at(-1)?.progress).toBe(10)
    expect(await sleeps(4321)).toBe(true)
    stop.abort('enough')
    await expect(running).rejects.toThrow()
    await expect.poll(() => sleeps(4321)).toBe(false)
    const runs = async () => {
      const { body } = await TestClient.withKey(line.instance.url, agent.key).call(
        'GET',
        '/api/v1/runs?limit=1',
      )
      return body.items[0].state
    }
    const endRun = new AbortController()
    const code = { language: 'python', code: 'import time; time.sleep(900)', timeout_seconds: 500 }
    const ran = client.callTool({ name: 'run_code', arguments: code }, undefined, { signal: endRun.signal })
    ran.catch(() => {}) // looked at below
    await expect.poll(runs).toBe('running')
    endRun.abort()
    await expect(ran).rejects.toThrow()
    await expect.poll(runs).toBe('canceled')
    expect(await inBox('run_command', { command: 'echo on' })).toContain('on')
  })

  it('ends a call that is cancelled at another server, or by hanging up, and none of another client', async () => {
    await using another = await AnotherServer.start(line.instance, { CLOCHE_HEARTBEAT_SECONDS: '0.1' })
    const run = (seconds: number, session: string, signal?: AbortSignal) =>
      fetch(agent.url, {
        method: 'POST',
        headers: {
          ...{
            authorization: `Bearer ${agent.key}`,
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
    const silent = { name: 'run_command', arguments: { sandbox: box.id, command: 'sleep 1; echo late' } }
    const answer = await post(message('tools/call', silent), {}, { at })
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(answer.text).toMatch(/^(:\n\n)+event: message\ndata: .*late.*\n\n$/)
    const plain = await post(message('tools/call', silent), { accept: 'application/json' }, { at })
    expect([plain.text.trimStart() === plain.text, plain.body.id]).toEqual([false, 1])
  })

  it('works by stdio with the account of the command line', async () => {
    const stdio = new Client({ name: 'desktop', version: '1' })
    await using _ = { [Symbol.asyncDispose]: () => stdio.close() }
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
    const process = { env: { CLOCHE_URL: line.instance.url, CLOCHE_API_KEY: agent.key } }
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

  describe('at its door', () => holdDoor(() => ({ agent, strangerKey })))
})
