import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { freeze, thaw } from '../cgroup/freezer.js'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { bytesOf, openTestFiles } from '../testing/test-files.js'
import { uidBaseOf } from '../testing/test-sandbox.js'
import { makeDirectory } from './mkdir.js'
import { movePath } from './move.js'
import { packPath } from './pack.js'
import { readFile } from './read.js'
import { removePath } from './remove.js'
import { statPath, treeOf } from './tree.js'
import { writeFile } from './write.js'

const place = 2
const files = await openTestFiles('files', place)
const { sandbox, root, scratch, read, write, codeOf } = files
afterAll(() => files[Symbol.asyncDispose]())

/** What this process has open in the directory of the race. */
const openBelowRace = () =>
  readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return '' // that of the reading itself
      }
    })
    .filter((path) => path.includes('/race'))

describe('the files of a sandbox, from outside', () => {
  it('are written and read; relative paths start at home, parents are made, the user owns them', async () => {
    expect((await write('a/b/hello.txt', 'hi\n')).created).toBe(true)
    expect((await write('/home/user/a/b/hello.txt', 'again\n')).created).toBe(false)
    expect(await read('a/b/hello.txt')).toBe('again\n')
    expect((await sandbox.inside('cat a/b/hello.txt; stat -c %U:%G:%a a/b a/b/hello.txt')).output).toBe(
      'again\nuser:user:755\nuser:user:644',
    )
    expect(await write('run.sh', '#!/bin/sh\n', 0o755)).toMatchObject({ entry: { mode: '755', uid: 1000 } })
  })

  it('keep owner and mode when they are replaced, and take the owner of a directory that is another’s', async () => {
    await sandbox.inside(
      'install -d -o 33 -g 33 /srv/web; install -m 600 -o 33 -g 33 /dev/null /srv/web/old',
      '0',
    )
    await write('/srv/web/old', 'x')
    await write('/srv/web/new', 'x')
    await write('/etc/mine', 'x')
    expect((await sandbox.inside('stat -c %u:%g:%a /srv/web/old /srv/web/new /etc/mine', '0')).output).toBe(
      '33:33:600\n33:33:644\n1000:1000:644',
    )
  })

  it('can be listed, moved, made and removed', async () => {
    await write('t/one', '1')
    await write('t/deep/two', '22')
    await sandbox.inside('ln -s one t/link; mkfifo t/pipe')
    const tree = treeOf(root, 't', 2)
    expect(tree.entries.map((e) => [e.path, e.type, e.target])).toEqual([
      ['t/deep', 'directory', null],
      ['t/deep/two', 'file', null],
      ['t/link', 'symlink', 'one'],
      ['t/one', 'file', null],
      ['t/pipe', 'other', null],
    ])
    expect(await codeOf(() => movePath(root, 't/one', 't/deep/two'))).toBe('conflict')
    expect(await movePath(root, 't/one', 't/deep/two', { overwrite: true })).toMatchObject({ sizeBytes: 1 })
    expect(await makeDirectory(root, 't/deep')).toMatchObject({ created: false })
    expect(await codeOf(() => removePath(root, 't', false))).toBe('conflict')
    await removePath(root, 't/link', false)
    await removePath(root, 't', true)
    expect(await codeOf(() => statPath(root, 't'))).toBe('file_not_found')
    expect(await movePath(root, '/usr/share/common-licenses', 'licences')).toMatchObject({
      type: 'directory',
    })
    expect(await read('licences/GPL-3')).toContain('GENERAL PUBLIC LICENSE')
    expect((await sandbox.inside('ls /usr/share/common-licenses')).code).not.toBe(0)
  })

  it('end at the root of the sandbox, whatever a path or a link says', async () => {
    writeFileSync(join(scratch, 'secret'), 'of the host')
    await sandbox.inside(`ln -s ${scratch}/secret abs; ln -s ../../../../../../../${scratch}/secret rel`)
    await sandbox.inside('ln -s /proc/1/root/etc/hostname magic; ln -s /proc/self/fd/0 fd; ln -s loop loop')
    expect(await codeOf(() => read('abs'))).toBe('file_not_found')
    expect(await codeOf(() => read('rel'))).toBe('file_not_found')
    expect(await codeOf(() => read(`../../../../../..${scratch}/secret`))).toBe('file_not_found')
    expect(await codeOf(() => read('magic'))).toBe('invalid_request')
    expect(await codeOf(() => read('fd'))).toBe('file_not_found')
    expect(await codeOf(() => read('loop'))).toBe('invalid_request')
    expect(await read('../../../../../etc/hostname')).toBe('sandbox\n')
    await write('abs', 'inside')
    expect(readFileSync(join(scratch, 'secret'), 'utf8')).toBe('of the host')
    expect((await sandbox.inside(`cat ${scratch}/secret`)).output).toBe('inside')
  })

  it('never block: pipes, devices, sockets and leased files are refused at once', async () => {
    const server = "import socket; s=socket.socket(socket.AF_UNIX); s.bind('sock')"
    await sandbox.inside(`mkfifo pipe; python3 -c "${server}"`)
    const lease =
      "import fcntl,os,time; f=os.open('leased',os.O_RDWR|os.O_CREAT); fcntl.fcntl(f,fcntl.F_SETLEASE,fcntl.F_WRLCK); open('held','w'); time.sleep(60)"
    void sandbox.inside(`python3 -c "${lease}"`)
    for (let tries = 0; (await codeOf(() => statPath(root, 'held'))) !== 'no error'; tries++) {
      expect(tries, 'the lease is never held').toBeLessThan(500)
      await sleep(10)
    }
    for (const path of ['pipe', 'sock', '/dev/zero', '/dev/tty', '/dev']) {
      expect(await codeOf(() => read(path)), path).toBe('conflict')
    }
    expect(await codeOf(() => read('leased'))).toBe('conflict')
    expect(await codeOf(() => write('pipe', 'x'))).toBe('conflict')
    await sandbox.inside("pkill -f 'time.sleep'")
  })

  it('do not reach into /proc and /sys, where the runtime could do more than the tenant', async () => {
    expect(await codeOf(() => read('/proc/1/environ'))).toBe('forbidden')
    expect(await codeOf(() => read('/proc/self/environ'))).not.toBe('no error')
    expect(await codeOf(() => write('/proc/1/oom_score_adj', '1'))).toBe('forbidden')
    expect(await codeOf(() => write('/sys/kernel/x', '1'))).not.toBe('no error')
    expect(await codeOf(() => treeOf(root, '/proc', 2))).toBe('forbidden')
    expect(await codeOf(() => removePath(root, '/dev', true))).not.toBe('no error')
    expect(await codeOf(() => write('/dev/shm/x', 'memory that nobody pays for'))).toBe('forbidden')
    const paths = treeOf(root, '/', 2).entries.map((entry) => entry.path)
    expect(paths).toContain('/proc')
    expect(paths.filter((path) => path.startsWith('/proc/'))).toEqual([])
  })

  it('say what is wrong with a path', async () => {
    await write('plain', 'x')
    for (const [act, code] of [
      [() => read('nowhere'), 'file_not_found'],
      [() => read('plain/below'), 'file_not_found'],
      [() => read('/etc'), 'conflict'],
      [() => write('/etc', 'x'), 'conflict'],
      [() => write('/', 'x'), 'invalid_request'],
      [() => write('a/..', 'x'), 'invalid_request'],
      [() => read('x'.repeat(300)), 'invalid_request'],
      [() => removePath(root, '/', true), 'invalid_request'],
    ] as const) {
      expect(await codeOf(act)).toBe(code)
    }
  })

  it('work while the sandbox is frozen', async () => {
    await freeze(detectHierarchy(), sandbox.cgroup)
    await write('cold', 'still here')
    expect(await read('cold')).toBe('still here')
    await thaw(detectHierarchy(), sandbox.cgroup)
    expect((await sandbox.inside('cat cold')).output).toBe('still here')
  })

  it('that do not fit say so, and leave the old content and nothing half', async () => {
    await write('small', 'kept')
    const big = Readable.from(
      (function* () {
        for (let mib = 0; mib < 100; mib++) yield Buffer.alloc(1024 ** 2, mib)
      })(),
    )
    expect(await codeOf(() => writeFile(root, 'small', big))).toBe('disk_full')
    expect(await read('small')).toBe('kept')
    expect((await sandbox.inside('ls -A | grep new_')).output).toBe('')
  })

  it('are huge and sparse without harm: a terabyte is read as far as somebody reads', async () => {
    await sandbox.inside('truncate -s 1T sparse')
    const { content, sizeBytes } = await readFile(root, 'sparse')
    expect(sizeBytes).toBe(2 ** 40)
    for await (const chunk of content) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await removePath(root, 'sparse', false)
  })

  it('are removed however deep they lie and however odd they are named', async () => {
    const deep =
      "import os; os.mkdir('pit'); os.chdir('pit')\nfor i in range(3000): os.mkdir('d'); os.chdir('d')"
    await sandbox.inside(`python3 -c "${deep}"; cd ~; mkdir odd; touch "$(printf 'odd/\\377\\n')" 'odd/ -rf'`)
    await removePath(root, 'pit', true)
    await removePath(root, 'odd', true)
    expect((await sandbox.inside('ls')).output).not.toMatch(/pit|odd/)
  })

  it('stay inside while a program swaps links, directories and files under every call', async () => {
    const victim = join(scratch, 'victim')
    await mkdir(victim)
    writeFileSync(join(victim, 'file'), 'untouched')
    await sandbox.inside(
      `mkdir -p ${victim}; echo inner > ${victim}/file; mkdir -p race/real; echo real > race/real/file`,
    )
    const hostile = [
      'import os, sys',
      'os.chdir("race")',
      'while True:',
      '  try:',
      `    os.symlink("${victim}", "link"); os.rename("real", "aside"); os.rename("link", "real")`,
      '    os.rename("real", "link"); os.rename("aside", "real"); os.unlink("link")',
      '  except OSError:',
      '    for a, b in (("aside", "real"),):',
      '      try: os.rename(a, b)',
      '      except OSError: pass',
      '    for a in ("link", "real"):',
      '      try: os.unlink(a)',
      '      except OSError: pass',
      '    os.makedirs("real", exist_ok=True)',
    ].join('\n')
    await write('hostile.py', hostile)
    const attacker = sandbox.inside('exec timeout 20 python3 hostile.py')
    const seen = new Set<string>()
    for (let round = 0; round < 400; round++) {
      seen.add(await read('race/real/file').catch(() => 'refused'))
      await write('race/real/file', 'written').catch(() => {})
      await write('race/real/new/file', 'written').catch(() => {})
      try {
        treeOf(root, 'race', 3)
      } catch {}
      await movePath(root, 'race/real/file', 'race/real/moved', { overwrite: true }).catch(() => {})
      await bytesOf(packPath(root, 'race')).catch(() => {})
      await removePath(root, 'race/real', round % 4 === 0).catch(() => {})
    }
    await sandbox.inside("pkill -f '[h]ostile.py'")
    await attacker
    for (const content of seen) expect(['refused', 'real\n', 'inner\n', 'written']).toContain(content)
    expect(readdirSync(victim)).toEqual(['file'])
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('untouched')
    await expect.poll(openBelowRace).toEqual([])
    // Whatever was made belongs to the sandbox.
    const lowest = String(uidBaseOf(place))
    const owners = spawn('find', [`/proc/${sandbox.pid}/root/home/user`, '-xdev', '-printf', '%U\n'])
    for (const uid of new Set((await bytesOf(owners.stdout)).toString().trim().split('\n'))) {
      expect(Number(uid) - Number(lowest)).toBeGreaterThanOrEqual(0)
      expect(Number(uid) - Number(lowest)).toBeLessThan(65_536)
    }
  })
})
