import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { Cloche } from '../../sdk/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { installImpostor, installTypescriptServer, typescriptLimits } from '../../testing/language-server.js'
import { LspClient } from '../../testing/lsp-client.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const home = '/home/user'
/** What reads one message and can write one. */
const speaks = `
import sys, os, json, time
def read():
    length = 0
    while True:
        line = sys.stdin.buffer.readline()
        if line in (b'', b'\\r\\n'): break
        if line.lower().startswith(b'content-length:'): length = int(line.split(b':')[1])
    return json.loads(sys.stdin.buffer.read(length))
def write(value):
    body = json.dumps(value).encode()
    sys.stdout.buffer.write(b'Content-Length: %d\\r\\n\\r\\n' % len(body) + body)
    sys.stdout.buffer.flush()
`

describe('language servers', () => {
  let instance: Instance
  let ann: TestClient
  let box: string

  const sandboxOf = async (who: TestClient, limits: object) =>
    (await who.call('POST', '/api/v1/sandboxes', { limits, network: 'none' })).body.id
  const write = (path: string, text: string) =>
    ann.call('PUT', `/api/v1/sandboxes/${box}/files?path=${path}`, text)
  const processes = async () =>
    (await ann.call('GET', `/api/v1/sandboxes/${box}/processes`)).body.processes.filter(
      (one: { exit: unknown }) => one.exit === null,
    )

  beforeAll(async () => {
    instance = await sharedInstance()
    ann = await TestClient.signUp(instance.url, 'ann@example.org')
    box = await sandboxOf(ann, typescriptLimits)
    await installTypescriptServer(ann, box)
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  it('are found where people install programs of their own', async () => {
    const { status, body } = await ann.call('GET', `/api/v1/sandboxes/${box}/lsp`)
    expect(status).toBe(200)
    expect(body.servers).toEqual([
      expect.objectContaining({
        id: 'typescript',
        languages: expect.arrayContaining(['javascript', 'typescript', 'typescriptreact']),
        path: `${home}/.local/bin/typescript-language-server`,
      }),
    ])
  })

  it('complete, explain, check, find, rename, format and list symbols, as programs of the sandbox', async () => {
    const exported = "export function greet(name: string): string {\n  return 'Hello ' + name\n}\n"
    await write('lib.ts', exported)
    const text = "import { greet } from './lib'\nconst   words: number = greet('you')\nwords.toFix\n"
    await write('main.ts', text)
    using client = await LspClient.open(ann, box, `language=typescript&root=${home}`)
    const { capabilities }: { capabilities: object } = JSON.parse(
      JSON.stringify(await client.initialize(home, { textDocument: { publishDiagnostics: {} } })),
    )
    expect(capabilities).toMatchObject({ renameProvider: expect.anything(), definitionProvider: true })
    const [running] = await processes()
    expect(running.command).toContain('typescript-language-server')
    const uri = `file://${home}/main.ts`
    const textDocument = { uri }
    const open = { uri, languageId: 'typescript', version: 1, text }
    client.notify('textDocument/didOpen', { textDocument: open })
    const at = (line: number, character: number) => ({ textDocument, position: { line, character } })

    // Until the project is read it knows less.
    const hover = async () => JSON.stringify(await client.request('textDocument/hover', at(1, 26)))
    await expect.poll(hover, { timeout: 30_000 }).toContain('greet(name: string): string')
    const completion = await client.request('textDocument/completion', at(2, 11))
    expect(completion.items.map(({ label }: { label: string }) => label)).toContain('toFixed')
    const [definition] = await client.request('textDocument/definition', at(1, 26))
    expect(definition).toMatchObject({ uri: `file://${home}/lib.ts`, range: { start: { line: 0 } } })
    const lib = { uri: `file://${home}/lib.ts`, languageId: 'typescript', version: 1, text: exported }
    client.notify('textDocument/didOpen', { textDocument: lib })
    const { changes } = await client.request('textDocument/rename', {
      ...{ textDocument: { uri: lib.uri }, position: { line: 0, character: 18 }, newName: 'welcome' },
    })
    expect(Object.keys(changes).toSorted()).toEqual([lib.uri, uri])
    const options = { tabSize: 2, insertSpaces: true }
    const edits = await client.request('textDocument/formatting', { textDocument, options })
    expect(edits).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ range: expect.objectContaining({ start: { line: 1, character: 5 } }) }),
      ]),
    )
    const symbols = await client.request('textDocument/documentSymbol', { textDocument })
    expect(symbols.map(({ name }: { name: string }) => name)).toContain('words')
    const problems = () =>
      client.notifications.findLast(({ method }) => method === 'textDocument/publishDiagnostics')?.params
    await expect
      .poll(problems, { timeout: 20_000 })
      .toMatchObject({ uri, diagnostics: expect.arrayContaining([expect.objectContaining({ code: 2322 })]) })

    client.socket.close()
    await client.closed
    await expect.poll(processes, { timeout: 5000 }).toEqual([])
    const { body } = await ann.call('GET', '/api/v1/audit?action=lsp.open')
    expect(body.items[0]).toMatchObject({ target: box, detail: { server: 'typescript' } })
  })

  it('end when they are told to, which the SDK tells too', async () => {
    const { body: key } = await ann.call('POST', '/api/v1/keys', { name: 'sdk' })
    const { languageServers } = new Cloche({ url: instance.url, apiKey: key.key }).sandboxes.at(box)
    await using server = await languageServers.open({ server: 'typescript' })
    const params = { processId: null, rootUri: null, capabilities: {} }
    server.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    const ids: unknown[] = []
    for await (const { id } of server) {
      if (id === undefined) continue
      ids.push(id)
      if (id === 1) server.send({ jsonrpc: '2.0', id: 2, method: 'shutdown' })
      else server.send({ jsonrpc: '2.0', method: 'exit' })
    }
    expect(ids).toEqual([1, 2])
    expect(server.ended).toMatchObject({ reason: 'ended', exitCode: 0 })
    await using none = await languageServers.open({ language: 'rust' })
    for await (const _ of none) throw new Error('a message of no server')
    expect(none.ended?.reason).toBe('notInstalled')
  })

  describe('that are none', () => {
    const opened = async (program: string) => {
      await installImpostor(ann, box, 'pylsp', program)
      return LspClient.open(ann, box, 'language=python')
    }

    it('write garbage', async () => {
      using client = await opened(
        "print('Traceback: I am no language server', flush=True)\nimport time; time.sleep(60)",
      )
      const { code, reason, ended } = await client.closed
      expect(code).toBe(4503)
      expect(reason).toMatch(/^pylsp was ended: it wrote something that is no message/)
      expect(ended).toMatchObject({ reason: 'garbage', message: expect.stringContaining('Traceback: I am') })
    })

    it.each([
      ['a message of a terabyte', 'Content-Length: 1000000000000\\r\\n\\r\\n', 'of 1000000000000 bytes'],
      ['a header without end', 'Content-Type: " + "x" * 100000 + "', 'no message'],
      ['an empty message', 'Content-Length: 0\\r\\n\\r\\n', 'an empty message'],
    ])('announce %s', async (_, header, words) => {
      using client = await opened(
        `import sys, time\nsys.stdout.write("${header}")\nsys.stdout.flush()\ntime.sleep(60)`,
      )
      const { code, ended } = await client.closed
      expect({ code, message: ended?.message }).toEqual({
        code: 4503,
        message: expect.stringContaining(words),
      })
    })

    it('exit: their last words are told', async () => {
      using client = await opened("import sys\nsys.exit('no module named jedi')")
      expect(await client.closed).toMatchObject({
        ...{ code: 4500, reason: 'pylsp ended with exit code 1' },
        ended: { reason: 'exited', exitCode: 1, stderr: 'no module named jedi\n' },
      })
    })

    it('are killed', async () => {
      using client = await opened(
        `${speaks}\nread(); write({'jsonrpc': '2.0', 'id': 1, 'result': os.getpid()})\ntime.sleep(60)`,
      )
      const pid = await client.request('initialize', {})
      await ann.call('POST', `/api/v1/sandboxes/${box}/exec`, { command: `kill -9 ${pid}` })
      expect(await client.closed).toMatchObject({
        code: 4501,
        ended: { reason: 'killed', signal: 'SIGKILL' },
      })
    })

    it('eat all memory', async () => {
      using client = await opened('held = []\nwhile True: held.append(bytearray(50_000_000))')
      const { code, reason } = await client.closed
      expect({ code, reason }).toEqual({ code: 4502, reason: expect.stringContaining('memory is full') })
    })

    it('write without end to a client that does not read, and are paused', async () => {
      using client = await opened(
        `${speaks}\nimport pathlib\nn = 0\nwhile True:\n  write({'jsonrpc': '2.0', 'method': 'more', 'params': 'y' * 1000000}); n += 1; pathlib.Path('count').write_text(str(n))`,
      )
      client.socket.pause()
      const count = async () =>
        Number((await ann.call('GET', `/api/v1/sandboxes/${box}/files?path=count`)).body) || 0
      await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(0)
      const rests = async () => {
        const before = await count()
        await sleep(300)
        return (await count()) === before
      }
      await expect.poll(rests, { timeout: 10_000 }).toBe(true)
      const received = client.notifications.length
      client.socket.resume()
      await expect.poll(() => client.notifications.length, { timeout: 10_000 }).toBeGreaterThan(received + 20)
    })

    it('do not read: a client that writes is held up and not dropped', async () => {
      using client = await opened('import time\ntime.sleep(60)')
      const message = { method: 'x', params: 'y'.repeat(1_000_000) }
      for (let sent = 0; sent < 40; sent++) client.send(message)
      await expect.poll(() => client.socket.bufferedAmount, { timeout: 5000 }).toBeGreaterThan(10_000_000)
      expect(client.socket.readyState).toBe(client.socket.OPEN)
    })
  })

  it('are refused to clients that talk nonsense', async () => {
    using binary = await LspClient.open(ann, box, 'server=typescript')
    binary.socket.send(Buffer.from('{}'))
    expect(await binary.closed).toMatchObject({ code: 4400, ended: { reason: 'badMessage' } })
    using text = await LspClient.open(ann, box, 'server=typescript')
    text.socket.send('Content-Length: 2\r\n\r\n{}')
    expect(await text.closed).toMatchObject({ code: 4400, reason: expect.stringContaining('a JSON object') })
    using long = await LspClient.open(ann, box, 'server=typescript')
    long.socket.send(`{"x":"${'y'.repeat(9_000_000)}"}`)
    expect((await long.closed).code).toBe(1009)
    const left = async () =>
      (await processes()).filter(({ command }: { command: string }) => /typescript/.test(command))
    await expect.poll(left, { timeout: 5000 }).toEqual([])
  })

  it('are bounded, and say when there is none', async () => {
    using none = await LspClient.open(ann, box, 'language=rust')
    expect(await none.closed).toMatchObject({
      code: 4424,
      ended: { reason: 'notInstalled', message: expect.stringContaining('rust-analyzer') },
    })
    using unknown = await LspClient.open(ann, box, 'server=eliza')
    expect(await unknown.closed).toMatchObject({ code: 4424, reason: expect.stringContaining('"eliza"') })
    await installImpostor(
      ann,
      box,
      'pylsp',
      `${speaks}\nwrite({'jsonrpc':'2.0','method':'here','params':{}})\ntime.sleep(60)`,
    )
    const open = () => LspClient.open(ann, box, 'language=python')
    const eight = await Promise.all(Array.from({ length: 8 }, open))
    using ninth = await open()
    expect(await ninth.closed).toMatchObject({ code: 4429, ended: { reason: 'tooMany' } })
    for (const one of eight) {
      await expect.poll(() => one.notifications.length, { timeout: 10_000 }).toBe(1)
      one[Symbol.dispose]()
    }
  })

  it('are refused before there is a socket where HTTP can say so', async () => {
    const refused = (who: TestClient, query: string, headers = {}, sandbox = box) =>
      expect(LspClient.open(who, sandbox, query, headers)).rejects
    await refused(ann, '').toThrow('400')
    await refused(ann, 'language=python&server=pylsp').toThrow('400')
    await refused(ann, 'language=python&x=y').toThrow('400')
    await refused(ann, 'language=python', {}, 'sb_1').toThrow('400')
    await refused(new TestClient(instance.url), 'language=python').toThrow('403')
    await refused(ann, 'language=python', { origin: 'https://elsewhere.example' }).toThrow('403')
    await refused(TestClient.withKey(instance.url, 'ck_nothing'), 'language=python').toThrow('401')
  })

  it('are not for strangers, and end with the access that opened them', async () => {
    const ben = await TestClient.signUp(instance.url, 'ben@example.org')
    for (const sandbox of [box, newId('sb')]) {
      using stranger = await LspClient.open(ben, sandbox, 'language=python')
      expect(await stranger.closed).toMatchObject({ code: 4404, ended: { code: 'not_found' } })
    }
    expect((await ben.call('GET', `/api/v1/sandboxes/${box}/lsp`)).status).toBe(404)
    const { body: key } = await ann.call('POST', '/api/v1/keys', { name: 'short' })
    using client = await LspClient.open(TestClient.withKey(instance.url, key.key), box, 'language=python')
    await expect.poll(() => client.notifications.length, { timeout: 10_000 }).toBe(1)
    await ann.call('DELETE', `/api/v1/keys/${key.id}`)
    expect((await client.closed).code).toBe(4401)
  })

  it('end with their sandbox, and are not started in one that is stopped', async () => {
    using client = await LspClient.open(ann, box, 'language=python')
    await expect.poll(() => client.notifications.length, { timeout: 10_000 }).toBe(1)
    await ann.call('POST', `/api/v1/sandboxes/${box}/stop`, { graceSeconds: 0 })
    expect([4501, 4506]).toContain((await client.closed).code)
    using late = await LspClient.open(ann, box, 'language=python')
    expect(await late.closed).toMatchObject({ code: 4409, ended: { code: 'sandbox_not_running' } })
  })

  it('end with the server of the platform, whoever is left', async () => {
    await ann.call('POST', `/api/v1/sandboxes/${box}/start`)
    using client = await LspClient.open(ann, box, 'server=typescript')
    await client.initialize(home)
    expect(await processes()).toHaveLength(1)
    const pid = (await instance.processes()).get('server')
    process.kill(Number(pid), 'SIGKILL')
    expect((await client.closed).code).toBe(1006)
    await expect.poll(() => processes().catch(() => undefined), { timeout: 50_000 }).toEqual([])
  })
})
