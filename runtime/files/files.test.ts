import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freeze, thaw } from '../cgroup/freezer.js'
import { detectHierarchy } from '../cgroup/hierarchy.js'
import { run } from '../linux/spawn.js'
import { openTestSandbox, type TestSandbox, uidBaseOf } from '../testing/test-sandbox.js'
import { makeDirectory } from './mkdir.js'
import { movePath } from './move.js'
import { packPath } from './pack.js'
import { readFile } from './read.js'
import { refusing } from './refusal.js'
import { removePath } from './remove.js'
import { FilesRoot, openProcessRoot } from './root.js'
import { statPath, treeOf } from './tree.js'
import { unpackInto } from './unpack.js'
import { writeFile } from './write.js'

const place = 2

describe('the files of a sandbox, from outside', () => {
  let sandbox: TestSandbox
  let root: FilesRoot
  let scratch: string
  const text = async (stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const read = async (path: string) => (await text((await readFile(root, path)).content)).toString()
  const write = (path: string, content: string, mode?: number) =>
    refusing(path, () => writeFile(root, path, Readable.from([Buffer.from(content)]), mode))
  const codeOf = (act: () => unknown) =>
    refusing('it', act).then(
      () => 'no error',
      (error: unknown) =>
        error instanceof Error && 'code' in error && error.name === 'RuntimeRefusal'
          ? String(error.code)
          : String(error),
    )
  const unpack = async (make: string, into: string) => {
    const from = mkdtempSync(join(scratch, 'tar-'))
    await run('bash', ['-ec', `cd ${from}; ${make}`])
    const archive = Readable.from([readFileSync(join(from, 'out.tar'))])
    return codeOf(() => unpackInto(root, into, archive))
  }

  beforeAll(async () => {
    sandbox = await openTestSandbox('files', place)
    root = new FilesRoot(openProcessRoot(sandbox.pid), uidBaseOf(place))
    scratch = mkdtempSync(join(tmpdir(), 'cloche-files-'))
  })
  afterAll(async () => {
    root[Symbol.dispose]()
    await sandbox[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true })
  })

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
    const tree = await treeOf(root, 't', 2)
    expect(tree.entries.map((e) => [e.path, e.type, e.target])).toEqual([
      ['t/deep', 'directory', null],
      ['t/deep/two', 'file', null],
      ['t/link', 'symlink', 'one'],
      ['t/one', 'file', null],
      ['t/pipe', 'other', null],
    ])
    expect(await codeOf(() => movePath(root, 't/one', 't/deep/two', false))).toBe('conflict')
    expect(await movePath(root, 't/one', 't/deep/two', true)).toMatchObject({ sizeBytes: 1 })
    expect(await makeDirectory(root, 't/deep')).toMatchObject({ created: false })
    expect(await codeOf(() => removePath(root, 't', false))).toBe('conflict')
    await removePath(root, 't/link', false)
    await removePath(root, 't', true)
    expect(await codeOf(() => statPath(root, 't'))).toBe('file_not_found')
    expect(await movePath(root, '/usr/share/common-licenses', 'licences', false)).toMatchObject({
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
    const paths = (await treeOf(root, '/', 2)).entries.map((entry) => entry.path)
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

  it('go out as a tar that GNU tar reads, and come in from one', async () => {
    const long = 'n'.repeat(120)
    await sandbox.inside(
      `mkdir -p out/${long} out/sub; cd out; echo deep > ${long}/file; echo é > sub/ü; ln -s sub l`,
    )
    await sandbox.inside(
      'mkfifo out/pipe; echo x > out/x; chmod 750 out/x; mkdir -p "$(printf "out/d\\n e")"',
    )
    const tar = join(scratch, 'out.tar')
    writeFileSync(tar, await text(packPath(root, 'out')))
    const target = join(scratch, 'unpacked')
    await mkdir(target)
    await run('tar', ['-xf', tar, '-C', target])
    expect(readdirSync(target).sort()).toEqual(['d\n e', 'l', long, 'pipe', 'sub', 'x'])
    expect(readFileSync(join(target, long, 'file'), 'utf8')).toBe('deep\n')
    expect(readFileSync(join(target, 'sub', 'ü'), 'utf8')).toBe('é\n')
    expect(await run('tar', ['-tvf', tar, 'x'])).toMatch(/^-rwxr-x--- 1000\/1000/)
    await unpackInto(root, 'in', Readable.from([readFileSync(tar)]))
    expect((await sandbox.inside(`cat in/${long}/file in/l/ü; stat -c %U:%a in/x`)).output).toBe(
      'deep\né\nuser:750',
    )
    writeFileSync(join(scratch, 'one.tar'), await text(packPath(root, 'out/x')))
    expect(await run('tar', ['-tf', join(scratch, 'one.tar')])).toBe('x\n')
  })

  it('refuse what leads out of an archive, and devices', async () => {
    const tar = 'tar -P --numeric-owner -cf out.tar'
    expect(await unpack(`touch f; ${tar} --transform s,^f,../../f, f`, 'safe')).toBe('invalid_request')
    expect(await unpack(`touch f; ${tar} --transform s,^f,/etc/f, f`, 'safe')).toBe('invalid_request')
    expect(await unpack(`mknod z b 7 0; ${tar} z`, 'safe')).toBe('invalid_request')
    expect(await unpack(`mknod z c 1 5; ${tar} z`, 'safe')).toBe('invalid_request')
    // A link in the archive, then a file through it.
    const two = `ln -s /etc e; ${tar} e; rm e; mkdir e; touch e/passwd; tar -rf out.tar e/passwd`
    expect(await unpack(two, 'safe')).toBe('invalid_request')
    expect(await unpack('head -c 5000 /dev/urandom > out.tar', 'safe')).toBe('invalid_request')
    expect(await unpack(`echo text > f; ${tar} f; truncate -s 700 out.tar`, 'safe')).toBe('invalid_request')
    expect(await unpack(`echo 1 > a; ln a b; ${tar} a b`, 'linked')).toBe('no error')
    expect((await sandbox.inside('stat -c %h linked/b')).output).toBe('2')
    expect(await unpack(`cp /bin/true s; chmod 6755 s; ${tar} s`, 'modes')).toBe('no error')
    expect((await sandbox.inside('stat -c %a:%U modes/s')).output).toBe('755:user')
  })

  it('refuse every broken archive as the mistake of its sender, and answer each', async () => {
    const wrong: Record<string, Buffer> = {
      'a directory with content': tarOf({ flag: '5', size: 163 }, Buffer.alloc(1024, 7)),
      'a link to a name with NUL': Buffer.concat([
        tarOf({ flag: 'x', size: 20 }, Buffer.from('20 linkpath=a\0bcdef\n')),
        tarOf({ flag: '2', name: 'link' }),
      ]),
      'a name with NUL': Buffer.concat([
        tarOf({ flag: 'x', size: 16 }, Buffer.from('16 path=a\0bcdef\n')),
        tarOf({ flag: '0', name: 'file' }),
      ]),
      'a time before all times': tarOf({ flag: '0', mtime: Buffer.alloc(12, 0xff).fill(0x80, 1) }),
      'a size below zero': tarOf({ flag: '0', sizeField: Buffer.alloc(12, 0xff) }),
      'a size past all disks': tarOf({
        flag: '0',
        sizeField: Buffer.from([0x80, 0x7f, ...Array(10).fill(0xff)]),
      }),
      'a size in letters': tarOf({ flag: '0', sizeField: Buffer.from('zzzzzzzzzzzz') }),
      'a size in letters, in pax': Buffer.concat([
        tarOf({ flag: 'x', size: 11 }, Buffer.from('11 size=zz\n')),
        tarOf({ flag: '0', size: 3 }, Buffer.from('abc')),
      ]),
      'no name': tarOf({ flag: '0', name: '..' }),
      'half a header': tarOf({ flag: '0' }).subarray(0, 300),
      'a wrong checksum': Buffer.concat([tarOf({ flag: '0' }).fill(1, 0, 2)]),
      'a name that is too long': Buffer.concat([
        tarOf({ flag: 'L', size: 5000 }, Buffer.alloc(5000, 'x')),
        tarOf({ flag: '0' }),
      ]),
      'a device': tarOf({ flag: '3' }),
      'something unknown': tarOf({ flag: 'Z', size: 10 }, Buffer.alloc(10)),
    }
    const answers: Record<string, string> = {}
    for (const [what, bytes] of Object.entries(wrong)) {
      const answer = codeOf(() =>
        unpackInto(root, `broken/${what}`, Readable.from([bytes, Buffer.alloc(1024)])),
      )
      answers[what] = await Promise.race([answer, sleep(5000, 'no answer')])
    }
    expect(answers).toEqual(Object.fromEntries(Object.keys(wrong).map((what) => [what, 'invalid_request'])))
  })

  it('say what they hold exactly, or are refused: declared sizes, links, and what is in the way', async () => {
    const answer = (...parts: Buffer[]) =>
      codeOf(() => unpackInto(root, 'strict', Readable.from([...parts, Buffer.alloc(1024)])))
    await write('strict/old', 'kept')
    await sandbox.inside('ln -s /etc strict/etc; mkdir -p strict/full/x; ln -s /etc/passwd strict/password')
    // A file that does not arrive whole leaves the one that was there.
    const cut = tarOf({ flag: '0', name: 'old', size: 4096 }, Buffer.from('new'))
    expect(await codeOf(() => unpackInto(root, 'strict', Readable.from([cut])))).toBe('invalid_request')
    expect(await read('strict/old')).toBe('kept')
    expect(await answer(tarOf({ flag: '0', name: 'etc/x' }))).toBe('invalid_request')
    expect(await answer(tarOf({ flag: '5', name: 'etc' }))).toBe('invalid_request')
    expect(await answer(tarOf({ flag: '0', name: 'full' }))).toBe('conflict')
    expect(await answer(tarOf({ flag: '0', name: '.' }))).toBe('invalid_request')
    expect(await answer(tarOf({ flag: '1', name: 'l', target: '../../../etc/passwd' }))).toBe(
      'invalid_request',
    )
    expect(await answer(tarOf({ flag: '1', name: 'l', target: 'etc/passwd' }))).toBe('invalid_request')
    expect(await answer(tarOf({ flag: '1', name: 'l', target: 'nowhere' }))).toBe('file_not_found')
    expect(await answer(tarOf({ flag: '2', name: 'l' }))).toBe('invalid_request')
    // A link in the way is replaced, never written through.
    expect(await answer(tarOf({ flag: '0', name: 'password', size: 4 }, Buffer.from('mine')))).toBe(
      'no error',
    )
    expect((await sandbox.inside('cat strict/password; head -c 5 /etc/passwd')).output).toBe('mineroot:')
    // A terabyte of holes costs nothing; one of bytes that never come is cut.
    const realsize = Buffer.from('00000000000\0')
    realsize.write((2 ** 33 - 1).toString(8))
    expect(await answer(tarOf({ flag: 'S', name: 'holes', realsize }))).toBe('no error')
    expect(await statPath(root, 'strict/holes')).toMatchObject({ sizeBytes: 2 ** 33 - 1 })
    const huge = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff])
    expect(await answer(tarOf({ flag: '0', name: 'huge', sizeField: huge }))).toBe('invalid_request')
    expect(await codeOf(() => statPath(root, 'strict/huge'))).toBe('file_not_found')
    // Headers before an entry, and those for all entries, do not fill the memory.
    const global = (key: string) => {
      const record = paxOf(key, 'x'.repeat(900_000))
      return tarOf({ flag: 'g', size: record.length }, record)
    }
    expect(await answer(global('comment'), tarOf({ flag: '0', name: 'g' }))).toBe('no error')
    expect(await answer(...Array(3).fill(global('path')), tarOf({ flag: '0', name: 'g' }))).toBe(
      'invalid_request',
    )
  })

  it('go out and come in however deep they lie, with their names as they are', async () => {
    const deep =
      "import os; os.mkdir('mine'); os.chdir('mine')\nfor i in range(1000): os.mkdir(b'\\xff'); os.chdir(b'\\xff'); open('f%d' % i, 'w').close()"
    await write('deep.py', deep)
    await sandbox.inside('python3 deep.py')
    await unpackInto(root, 'copy', Readable.from(packPath(root, 'mine')))
    const count =
      "import os\nn = 0\nwhile True:\n  n += len(os.listdir(b'.'))\n  try: os.chdir(b'\\xff')\n  except OSError: break\nprint(n)"
    await write('count.py', count)
    expect((await sandbox.inside('cd copy && python3 ../count.py')).output).toBe('2000')
    await removePath(root, 'mine', true)
    await removePath(root, 'copy', true)
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
    let descriptors = 0
    for (let round = 0; round < 400; round++) {
      seen.add(await read('race/real/file').catch(() => 'refused'))
      await write('race/real/file', 'written').catch(() => {})
      await write('race/real/new/file', 'written').catch(() => {})
      await treeOf(root, 'race', 3).catch(() => {})
      await movePath(root, 'race/real/file', 'race/real/moved', true).catch(() => {})
      await text(packPath(root, 'race')).catch(() => {})
      await removePath(root, 'race/real', round % 4 === 0).catch(() => {})
      if (round === 50) descriptors = readdirSync('/proc/self/fd').length
    }
    await sandbox.inside("pkill -f '[h]ostile.py'")
    await attacker
    for (const content of seen) expect(['refused', 'real\n', 'inner\n', 'written']).toContain(content)
    expect(readdirSync(victim)).toEqual(['file'])
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('untouched')
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors + 8)
    // Whatever was made belongs to the sandbox.
    const lowest = String(uidBaseOf(place))
    const owners = spawn('find', [`/proc/${sandbox.pid}/root/home/user`, '-xdev', '-printf', '%U\n'])
    for (const uid of new Set((await text(owners.stdout)).toString().trim().split('\n'))) {
      expect(Number(uid) - Number(lowest)).toBeGreaterThanOrEqual(0)
      expect(Number(uid) - Number(lowest)).toBeLessThan(65_536)
    }
  })
})

/** An entry of an archive, right or wrong, with the right checksum. */
function tarOf(
  of: {
    flag: string
    size?: number
    name?: string
    target?: string
    mtime?: Buffer
    sizeField?: Buffer
    realsize?: Buffer
  },
  content: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(512)
  header.write(of.name ?? 'name', 0)
  for (const at of [100, 108, 116]) header.write('0000644\0', at)
  header.write(`${(of.size ?? 0).toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write(of.target ?? '', 157)
  of.realsize?.copy(header, 483)
  of.sizeField?.copy(header, 124)
  of.mtime?.copy(header, 136)
  header.write(`        ${of.flag}`, 148)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

/** A pax record. */
function paxOf(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  const length = rest.length + String(rest.length).length
  return Buffer.from(`${length}${rest}`)
}
