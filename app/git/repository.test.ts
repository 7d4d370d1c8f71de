import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../inside/run'
import { clone, findRepositories, GitError, makeRepository, Repository } from './repository'

const top = mkdtempSync(join(tmpdir(), 'git-'))
const author = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@x',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@x',
}
const clean = { ...author, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }

/** As in a sandbox, but here. */
const run: Run = ([program = '', ...args], { cwd = top, env = {}, stdin = '' } = {}) =>
  new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { cwd, env: { ...process.env, ...clean, ...env } },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Number(error.code ?? 1)
        resolve({ exitCode, signal: null, stdout, stderr, truncated: false, timedOut: false, durationMs: 0 })
      },
    )
    child.stdin?.on('error', () => {}).end(stdin)
  })

/** A git server over HTTP that wants a name and a password. @see git-http-backend(1) */
function gitServer(root: string): Server {
  return createServer((request, response) => {
    const wanted = `Basic ${Buffer.from('ann:pass=word').toString('base64')}`
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const child = spawn('git', ['http-backend'], {
      env: {
        ...process.env,
        ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'ann' },
        ...{ PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method },
        ...{ CONTENT_TYPE: request.headers['content-type'] ?? '', ...clean },
        HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    })
    request.pipe(child.stdin)
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.on('close', () => {
      const all = Buffer.concat(parts)
      const end = all.indexOf('\r\n\r\n')
      const heads = all
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(': ', 2))
      const status = Number(heads.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200)
      for (const [name = '', value = ''] of heads) if (name !== 'Status') response.setHeader(name, value)
      response.writeHead(status).end(all.subarray(end + 4))
    })
  })
}

describe('a repository', () => {
  const root = join(top, 'odd name')
  const repository = new Repository(root, run)
  const write = (name: string, text: string) => writeFileSync(join(root, name), text)
  let server: Server
  let url = ''

  beforeAll(async () => {
    await run([
      'git',
      'init',
      '--bare',
      '--quiet',
      '--initial-branch=main',
      join(top, 'served', 'project.git'),
    ])
    await run(['git', '-C', join(top, 'served', 'project.git'), 'config', 'http.receivepack', 'true'])
    server = gitServer(join(top, 'served'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/project.git`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
    rmSync(top, { recursive: true })
  })

  it('is made and found, and says what is staged, changed and unknown, whatever the names', async () => {
    await makeRepository(run, root)
    expect(await findRepositories(run, top)).toEqual([root])
    expect(await repository.status()).toMatchObject({ branch: 'main', commit: null, upstream: null })
    const names = ['plain', '-dash', 'with space', 'new\nline', ':(top)magic', 'ünï', '*']
    for (const name of names) write(name, 'one\n')
    expect((await repository.status()).unstaged.map(({ path }) => path).sort()).toEqual([...names].sort())
    await repository.stage(['*'])
    expect((await repository.status()).staged).toEqual([{ path: '*', from: null, kind: 'added' }])
    await repository.unstage(['*'])
    expect((await repository.status()).staged).toEqual([])
    await repository.stage(names)
    await repository.commit('First\n\nwith "quotes" and $(no command)')
    const { stdout } = await run(['git', '-C', root, 'log', '--format=%B'])
    expect(stdout.trim()).toBe('First\n\nwith "quotes" and $(no command)')

    write('plain', 'two\n')
    await run(['git', '-C', root, 'mv', 'with space', 'moved'])
    rmSync(join(root, '*'))
    write('unknown', 'x')
    expect(await repository.status()).toMatchObject({
      staged: [{ path: 'moved', from: 'with space', kind: 'renamed' }],
      unstaged: [
        { path: '*', kind: 'deleted' },
        { path: 'plain', kind: 'modified' },
        { path: 'unknown', kind: 'untracked' },
      ],
    })
    expect(await repository.content('HEAD', 'plain')).toBe('one\n')
    expect(await repository.content('', 'nothing')).toBe('')
    await repository.discard((await repository.status()).unstaged)
    expect(await repository.status()).toMatchObject({ staged: [{ path: 'moved' }], unstaged: [] })
    expect(readFileSync(join(root, 'plain'), 'utf8')).toBe('one\n')
    await repository.unstage(['moved', 'with space'])
    await repository.stage(['moved', 'with space'])
    await repository.commit('Second')
  })

  it('switches branches, tells of conflicts, and says what git says', async () => {
    await repository.switchTo('topic', true)
    write('plain', 'topic\n')
    await repository.commit('Topic', true)
    await repository.switchTo('main')
    write('plain', 'main\n')
    await repository.commit('Main', true)
    expect(await repository.branches()).toEqual(expect.arrayContaining(['main', 'topic']))
    await run(['git', '-C', root, 'merge', 'topic'])
    expect((await repository.status()).conflicts).toEqual([{ path: 'plain', from: null, kind: 'conflict' }])
    write('plain', 'both\n')
    await repository.stage(['plain'])
    await repository.commit('Merged')
    await expect(repository.switchTo('nowhere')).rejects.toThrow(/nowhere/)
    await expect(repository.commit('Nothing')).rejects.toThrow(GitError)
  })

  it('pushes and pulls with a password that is written nowhere, also with a helper that would store it', async () => {
    const git = (...args: string[]) => run(['git', '-C', root, ...args])
    await git('remote', 'add', 'origin', url)
    await git('config', 'credential.helper', `store --file=${join(top, 'stored')}`)
    const status = await repository.status()
    await expect(repository.push(status, null)).rejects.toMatchObject({ needsCredentials: true })
    const wrong = { username: 'ann', password: 'wrong' }
    await expect(repository.push(status, wrong)).rejects.toMatchObject({ needsCredentials: true })
    const credentials = { username: 'ann', password: 'pass=word' }
    await repository.push(status, credentials)
    expect(await repository.status()).toMatchObject({ upstream: 'origin/main', ahead: 0, behind: 0 })

    const other = new Repository(await clone(run, { url, into: join(top, 'served'), credentials }), run)
    expect(other.root).toBe(join(top, 'served', 'project'))
    writeFileSync(join(other.root, 'theirs'), 'x')
    await other.stage(['theirs'])
    await other.commit('Theirs')
    await other.push(await other.status(), credentials)
    await repository.fetch(credentials)
    expect(await repository.status()).toMatchObject({ ahead: 0, behind: 1 })
    await repository.pull(credentials)
    expect(readFileSync(join(root, 'theirs'), 'utf8')).toBe('x')
    const found = await run(['grep', '-rl', 'pass=word', top])
    expect(found.stdout).toBe('')
  })
})
