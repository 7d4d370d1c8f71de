import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import pg from 'pg'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../common/digest.js'
import { TestClient } from '../testing/client.js'
import { freePort, type Instance, openInstance } from '../testing/instance.js'

const run = promisify(execFile)
const limits = { cpus: 0.5, memoryMiB: 256, diskMiB: 256, pids: 128 }
const mib = 1024 ** 2

describe('the SSH gateway', () => {
  let instance: Instance
  let port: number
  let home: string
  let owner: TestClient
  let box: string
  let database: pg.Client
  const open = new Set<ChildProcess>()

  const made = async (who: TestClient, method: string, path: string, body?: object | string) => {
    const answer = await who.call(method, `/api/v1${path}`, body)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const file = (name: string) => join(home, name)
  /** A key of OpenSSH, made for the test; its public half. */
  const keygen = async (name: string, type = 'ed25519') => {
    await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', file(name)])
    return readFileSync(file(`${name}.pub`), 'utf8')
  }
  const options = (key: string) =>
    [
      ...[`IdentityFile=${file(key)}`, 'IdentitiesOnly=yes', 'BatchMode=yes', 'StrictHostKeyChecking=yes'],
      ...[`UserKnownHostsFile=${file('known_hosts')}`, 'LogLevel=ERROR', `Port=${port}`],
    ].flatMap((one) => ['-o', one])
  const start = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) => {
    const child = spawn(program, args, { env })
    open.add(child)
    child.once('close', () => open.delete(child))
    child.stdin.on('error', () => {}) // it may end without reading
    return child
  }
  const ended = async (child: ReturnType<typeof start>, input: string | Buffer = '') => {
    child.stdin.end(input)
    const code = once(child, 'close')
    const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)])
    return { code: (await code)[0], out: out.toString('latin1'), err: err.toString() }
  }
  /** The last of the arguments is the command. */
  const ssh = (args: readonly string[], { input = '' as string | Buffer, key = 'id', user = 'box' } = {}) => {
    const [before, command] = [args.slice(0, -1), args.slice(-1)]
    const all = [...['-F', 'none'], ...options(key), ...before, `${user}@127.0.0.1`, ...command]
    return ended(start('ssh', all), input)
  }
  /** One that is open, and has said so. */
  const held = async (key: string, user = 'box') => {
    const child = start('ssh', ['-F', 'none', ...options(key), `${user}@127.0.0.1`, 'echo ready; sleep 600'])
    const [said] = await once(child.stdout, 'data')
    expect(String(said)).toBe('ready\n')
    return { child, closed: once(child, 'close') }
  }
  const client = async () => {
    const one = new ssh2.Client()
    one.connect({
      host: '127.0.0.1',
      port,
      username: box,
      privateKey: readFileSync(file('id')),
      strictVendor: false,
    })
    await once(one, 'ready')
    return one
  }
  const addKey = async (who: TestClient, name: string) =>
    String((await made(who, 'POST', '/account/ssh-keys', { keys: await keygen(name) })).keys[0].id)
  /** Somebody of the owner's tenant. */
  const member = async (name: string, role: string) => {
    const email = `${name}@example.org`
    const who = await TestClient.signUp(instance.url, email)
    const { url } = await made(owner, 'POST', '/invitations', { email, role })
    await made(who, 'POST', '/invitations/accept', { secret: new URL(url).hash.slice(1) })
    return { who, email, id: String((await made(who, 'GET', '/me')).user.id) }
  }

  beforeAll(async () => {
    port = await freePort()
    home = mkdtempSync(join(tmpdir(), 'cloche-ssh-'))
    instance = await openInstance('ssh', { CLOCHE_SSH_PORT: String(port) })
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'owner@example.org')
    box = String((await made(owner, 'POST', '/sandboxes', { name: 'box', limits, network: 'none' })).id)
    const { server } = await made(owner, 'GET', '/ssh')
    writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${server.hostKey}\n`)
    await addKey(owner, 'id')
  })
  afterAll(async () => {
    for (const child of open) child.kill('SIGKILL')
    await database?.end()
    await instance?.[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  it('has a host key that is kept, for root alone, and no privileges', async () => {
    expect(statSync(join(instance.home, 'ssh_host_ed25519_key')).mode & 0o777).toBe(0o600)
    const status = readFileSync(`/proc/${(await instance.processes()).get('ssh')}/status`, 'utf8')
    expect(status).toMatch(/^CapBnd:\s+0+$/m)
    expect(status).not.toMatch(/^Uid:\s+0/m)
    const { stdout } = await run('ssh-keyscan', ['-p', String(port), '-t', 'ed25519', '127.0.0.1'])
    expect(stdout).toContain(readFileSync(file('known_hosts'), 'utf8').split(' ').slice(1).join(' ').trim())
  })

  it('runs a command with what it writes and how it ends, in a sandbox by its name or its id', async () => {
    expect(await ssh(['echo out; echo err >&2; exit 7'])).toEqual({ code: 7, out: 'out\n', err: 'err\n' })
    expect(await ssh(['pwd; ps -o args= $$; true'], { user: box })).toEqual({
      ...{ code: 0, err: '', out: '/home/user\n/bin/bash -c pwd; ps -o args= $$; true\n' },
    })
    expect((await ssh(['kill -9 $$'])).code).toBe(255)
    const { body } = await owner.call('GET', '/api/v1/account/ssh-keys')
    expect(body.keys[0].lastUsedAt).not.toBeNull()
  })

  it('carries what is far larger than any buffer, in and out', async () => {
    const input = randomBytes(64 * mib)
    const { out } = await ssh(['sha256sum'], { input })
    expect(out.slice(0, 64)).toBe(createHash('sha256').update(input).digest('hex'))
    const back = await ssh([`head -c ${32 * mib} /dev/zero`])
    expect(back.out.length).toBe(32 * mib)
  })

  it('gives a terminal, which has the size of the window, and several sessions on one connection', async () => {
    const one = await client()
    const shell = await new Promise<ssh2.ClientChannel>((done, fail) =>
      one.shell(
        { cols: 100, rows: 40, term: 'xterm' },
        { env: { NODE_ENV: 'test', LANG: 'C.UTF-8', LD_PRELOAD: 'x' } },
        (error, channel) => (error ? fail(error) : done(channel)),
      ),
    )
    let said = ''
    shell.on('data', (bytes: Buffer) => {
      said += bytes
    })
    shell.write('stty size; echo "<$TERM$LD_PRELOAD>"\n')
    await expect.poll(() => said).toMatch(/40 100\s+<xterm>/)
    shell.setWindow(50, 120, 0, 0)
    const sizeNow = () => {
      shell.write('stty size\n')
      return said
    }
    await expect.poll(sizeNow, { interval: 300 }).toContain('50 120')
    const outputs = await Promise.all(
      ['one', 'two', 'three'].map(
        (word) =>
          new Promise<string>((done, fail) =>
            one.exec(`sleep 0.2; echo ${word}`, (error, channel) =>
              error ? fail(error) : void buffer(channel).then((bytes) => done(String(bytes)), fail),
            ),
          ),
      ),
    )
    expect(outputs).toEqual(['one\n', 'two\n', 'three\n'])
    const closed = once(shell, 'exit')
    shell.write('exit 3\n')
    expect((await closed)[0]).toBe(3)
    one.end()
  })

  it('answers sftp and scp without a program inside, by any name', async () => {
    const bytes = randomBytes(3 * mib + 17)
    writeFileSync(file('in'), bytes, { mode: 0o754 })
    const strange = 'zwei\nZeilen ünï'
    const scp = (...args: string[]) => ended(start('scp', ['-F', 'none', ...options('id'), ...args]))
    expect(await scp('-p', file('in'), `box@127.0.0.1:${strange}`)).toMatchObject({ code: 0, err: '' })
    expect((await ssh([`stat -c %a:%Y "$(printf 'zwei\\nZeilen ünï')"; sha256sum < zwei*`])).out).toBe(
      `754:${Math.floor(statSync(file('in')).mtimeMs / 1000)}\n${createHash('sha256').update(bytes).digest('hex')}  -\n`,
    )
    expect(await scp(`box@127.0.0.1:zwei*`, file('out'))).toMatchObject({ code: 0, err: '' })
    expect(readFileSync(file('out')).equals(bytes)).toBe(true)
    // The old protocol of scp is a program inside.
    expect(await scp('-O', file('in'), 'box@127.0.0.1:old')).toMatchObject({ code: 0 })

    const sftp = (...lines: string[]) =>
      ended(
        start('sftp', ['-F', 'none', ...options('id'), '-b', '-', 'box@127.0.0.1']),
        `${lines.join('\n')}\n`,
      )
    const done = await sftp(
      ...['mkdir d', `put ${file('in')} d/a`, 'ln -s a d/link', 'rename d/a d/b', 'chmod 600 d/b', 'ls -l d'],
      ...['symlink b d/now', `get d/now ${file('again')}`, 'cd d', 'pwd'],
    )
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toMatch(/^-rw-------.* 3145745 .*b$/m)
    expect(done.out).toMatch(/Remote working directory: \/home\/user\/d/)
    expect(readFileSync(file('again')).equals(bytes)).toBe(true)
    expect((await ssh(['readlink d/link d/now; ls d'])).out).toBe('a\nb\nb\nlink\nnow\n')
    expect((await sftp('rmdir d')).code).not.toBe(0)
    expect((await sftp('rm d/b', 'rm d/link', 'rm d/now', 'rmdir d', '-ls d')).code).toBe(0)
    expect((await sftp(`put ${file('in')} none/a`)).code).not.toBe(0)
    expect((await ssh(['ls none d 2>&1'])).code).not.toBe(0)
  })

  it('forwards to what listens inside, and to nothing else', async () => {
    const server = createServer((socket) => socket.end('of the host'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const hostPort = typeof address === 'object' && address !== null ? address.port : 0
    await made(owner, 'POST', `/sandboxes/${box}/processes`, {
      command: [
        ...['python3', '-c'],
        'import http.server as h, socket, threading\nu = socket.socket(socket.AF_UNIX); u.bind("/tmp/u"); u.listen()\n' +
          'threading.Thread(target=lambda: u.accept()[0].sendall(b"of a socket"), daemon=True).start()\n' +
          'h.test(h.SimpleHTTPRequestHandler, port=8000, bind="0.0.0.0")',
      ],
    })
    const ask = (to: string) => {
      const all = ['-F', 'none', ...options('id'), '-W', to, 'box@127.0.0.1']
      return ended(start('ssh', all), 'GET /.bashrc HTTP/1.0\r\n\r\n')
    }
    await expect.poll(async () => (await ask('localhost:8000')).out).toContain('200 OK')
    // By a name of the sandbox's own, in it.
    const name = (await ssh(['hostname'])).out.trim()
    expect((await ask(`${name}:8000`)).out).toContain('200 OK')
    expect((await ask(`127.0.0.1:${hostPort}`)).out).toBe('')
    expect((await ask('169.254.169.254:80')).out).toBe('')
    const one = await client()
    const socket = await new Promise<ssh2.ClientChannel>((done, fail) =>
      one.openssh_forwardOutStreamLocal('/tmp/u', (error, channel) => (error ? fail(error) : done(channel))),
    )
    const [told] = await once(socket, 'data')
    expect(String(told)).toBe('of a socket')
    one.end()
    server.close()
    const back = await ssh(['-o', 'ExitOnForwardFailure=yes', '-R', '0:localhost:1', 'true'])
    expect(back).toMatchObject({ code: 255, err: expect.stringContaining('forwarding failed') })
  })

  it('lets nobody in by a key that it does not know or that has expired, and nobody into what is not theirs', async () => {
    await keygen('unknown')
    const denied = { code: 255, out: '', err: expect.stringContaining('Permission denied (publickey)') }
    expect(await ssh(['true'], { key: 'unknown' })).toEqual(denied)
    const stranger = await TestClient.signUp(instance.url, 'stranger@example.org')
    const id = await addKey(stranger, 'strange')
    for (const user of [box, 'box', 'sb_00000000000000000000']) {
      const said = { code: 1, out: '', err: expect.stringContaining(`there is no sandbox ${user}`) }
      expect(await ssh(['true'], { key: 'strange', user })).toEqual(said)
    }
    await database.query(
      `UPDATE ssh_key SET "expiresAt" = now() AT TIME ZONE 'UTC' - interval '1 second' WHERE id = $1`,
      [id],
    )
    expect(await ssh(['true'], { key: 'strange' })).toEqual(denied)
    const taken = await stranger.call('POST', '/api/v1/account/ssh-keys', {
      keys: readFileSync(file('id.pub'), 'utf8'),
    })
    expect(taken.status).toBe(409)
    const bad = await owner.call('POST', '/api/v1/account/ssh-keys', { keys: '\nssh-ed25519 AAAA' })
    expect(bad).toMatchObject({ status: 400, body: { detail: expect.stringContaining('line 2') } })
  })

  it('gives a connection one sandbox, and of the API only what it needs', async () => {
    const [token, other] = [
      'csh_secret',
      String((await made(owner, 'POST', '/sandboxes', { limits, network: 'none' })).id),
    ]
    const { user, tenant } = await made(owner, 'GET', '/me')
    await database.query(
      `INSERT INTO ssh_session (id, hash, "tenantId", "userId", "sandboxId", "expiresAt")
       VALUES ('xs_1', $1, $2, $3, $4, now() AT TIME ZONE 'UTC' + interval '1 hour')`,
      [sha256(token), tenant.id, user.id, box],
    )
    const who = TestClient.withKey(instance.url, token)
    const status = async (method: string, path: string) => (await who.call(method, `/api/v1${path}`)).status
    expect(await status('GET', `/sandboxes/${box}/tree?path=.`)).toBe(200)
    expect(await status('GET', `/sandboxes/${other}/tree?path=.`)).toBe(403)
    for (const path of [
      '/me',
      '/sandboxes',
      `/sandboxes/${box}`,
      `/sandboxes/${box}/snapshots`,
      '/account/ssh-keys',
    ]) {
      expect(await status('GET', path), path).toBe(403)
    }
    expect(await status('DELETE', `/sandboxes/${box}`)).toBe(403)
    await database.query('DELETE FROM ssh_session')
    await expect.poll(() => status('GET', `/sandboxes/${box}/tree?path=.`)).toBe(401)
  })

  it('ends what is open at once when the key is removed, or the membership', async () => {
    const { who, id } = await member('mia', 'member')
    const key = await addKey(who, 'mia')
    const first = await held('mia')
    await made(who, 'DELETE', `/account/ssh-keys/${key}`)
    expect((await first.closed)[0]).toBe(255)
    await addKey(who, 'mia2')
    const second = await held('mia2')
    await made(owner, 'DELETE', `/members/${id}`)
    expect((await second.closed)[0]).toBe(255)
    expect((await ssh(['true'], { key: 'mia2' })).code).toBe(1)
  })

  it('lets in by a share that allows to type, and by no other, until it is over', async () => {
    const guest = await TestClient.signUp(instance.url, 'guest@example.org')
    await addKey(guest, 'guest')
    const shared = await made(owner, 'POST', `/sandboxes/${box}/shares`, { level: 'look' })
    await made(guest, 'POST', '/shares/accept', { secret: new URL(shared.url).hash.slice(1) })
    const looks = await ssh(['true'], { key: 'guest', user: box })
    expect(looks).toMatchObject({ code: 1, err: expect.stringContaining('to look at') })
    await made(owner, 'PATCH', `/shares/${shared.id}`, { level: 'type' })
    const { closed } = await held('guest', box)
    await made(owner, 'PATCH', `/shares/${shared.id}`, { level: 'look' })
    expect((await closed)[0]).toBe(255)
  })

  it('starts a sandbox that is stopped', async () => {
    await made(owner, 'POST', `/sandboxes/${box}/stop`, {})
    expect(await ssh(['echo up'])).toEqual({ code: 0, out: 'up\n', err: '' })
  })

  it('is closed to whoever writes an exam, and ends when it begins', async () => {
    const { who, email } = await member('sam', 'student')
    await addKey(who, 'sam')
    const classId = String((await made(owner, 'POST', '/classes', { name: 'of exams', timeZone: 'UTC' })).id)
    await made(owner, 'POST', `/classes/${classId}/students`, { name: 'Sam', email })
    const wanted = {
      limits,
      network: 'none',
      published: true,
      dueAt: new Date(Date.now() + 3_600_000).toISOString(),
    }
    const task = await made(owner, 'POST', `/classes/${classId}/assignments`, {
      ...wanted,
      title: 'Homework',
    })
    const { sandbox } = await made(who, 'POST', `/assignments/${task.id}/start`)
    const { closed } = await held('sam', sandbox)
    const opensAt = new Date(Date.now() - 1000).toISOString()
    await made(owner, 'POST', `/classes/${classId}/assignments`, {
      ...wanted,
      title: 'Exam',
      exam: {},
      opensAt,
    })
    expect((await closed)[0]).toBe(255)
    const refused = await ssh(['true'], { key: 'sam', user: sandbox })
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('exam') })
  })

  it('is as well as before after garbage and a thousand connections that say nothing', async () => {
    const sockets: Socket[] = []
    const closed: Promise<unknown>[] = []
    for (let at = 0; at < 1000; at++) {
      const socket = connect({ host: '127.0.0.1', port })
      socket.on('error', () => {}).resume()
      closed.push(new Promise((done) => socket.once('close', done)))
      sockets.push(socket)
    }
    // All but those of one address that it waits for.
    await expect.poll(() => sockets.filter(({ closed }) => closed).length).toBeGreaterThan(900)
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
    for (const bytes of [
      randomBytes(70_000),
      Buffer.from(`SSH-2.0-x\r\n${'\0'.repeat(9)}`),
      Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), randomBytes(50_000)]),
    ]) {
      const socket = connect({ host: '127.0.0.1', port })
      socket.on('error', () => {}).resume()
      socket.write(bytes)
      socket.end()
      await once(socket, 'close')
    }
    await expect.poll(async () => (await ssh(['echo well'])).out).toBe('well\n')
    expect((await fetch(new URL('/readyz', instance.url))).status).toBe(200)
  })

  it('is what cloche ssh connects to without a key of the user, and ssh by the entry of cloche ssh config', async () => {
    const { key } = await made(owner, 'POST', '/keys', { name: 'cli' })
    const env = { ...process.env, CLOCHE_URL: instance.url, CLOCHE_API_KEY: String(key), HOME: home }
    const PATH = `${resolve('bin')}:${process.env.PATH}`
    const cloche = (...args: string[]) => ended(start('bin/cloche', args, env))
    expect(await cloche('ssh', 'box', 'echo', 'hi')).toEqual({ code: 0, out: 'hi\n', err: '' })
    expect(await cloche('ssh', 'box', 'exit', '5')).toMatchObject({ code: 5 })
    expect(await cloche('ssh', 'config', 'box')).toEqual({ code: 0, out: 'ssh box.cloche\n', err: '' })
    const args = ['-F', file('.ssh/config'), '-o', 'BatchMode=yes', 'box.cloche', 'echo by name']
    expect(await ended(start('ssh', args, { ...env, PATH }))).toEqual({ code: 0, out: 'by name\n', err: '' })
  })
})
