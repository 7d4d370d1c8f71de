import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../linux/spawn.js'
import { bytesOf, openTestFiles } from '../testing/test-files.js'
import { packPath } from './pack.js'
import { removePath } from './remove.js'
import { statPath } from './tree.js'
import { unpackInto } from './unpack.js'

const files = await openTestFiles('archive', 14)
const { sandbox, root, scratch, read, write, codeOf, unpack } = files
afterAll(() => files[Symbol.asyncDispose]())

describe('archives of the files of a sandbox', () => {
  it('go out as a tar that GNU tar reads, and come in from one', async () => {
    const long = 'n'.repeat(120)
    await sandbox.inside(
      `mkdir -p out/${long} out/sub; cd out; echo deep > ${long}/file; echo é > sub/ü; ln -s sub l`,
    )
    await sandbox.inside(
      'mkfifo out/pipe; echo x > out/x; chmod 750 out/x; mkdir -p "$(printf "out/d\\n e")"',
    )
    const tar = join(scratch, 'out.tar')
    writeFileSync(tar, await bytesOf(packPath(root, 'out')))
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
    writeFileSync(join(scratch, 'one.tar'), await bytesOf(packPath(root, 'out/x')))
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
