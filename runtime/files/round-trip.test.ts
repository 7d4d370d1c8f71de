import { execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../linux/spawn.js'
import { openTestSandbox, type TestSandbox, uidBaseOf } from '../testing/test-sandbox.js'
import { type SnapshotEntry, snapshot } from '../testing/tree-snapshot.js'
import { packPath } from './pack.js'
import { FilesRoot, openProcessRoot } from './root.js'
import { unpackInto } from './unpack.js'

const place = 13

/** What every format can hold: short names, whole seconds. */
const plain = `
mkdir -p tree/private tree/sticky tree/empty; cd tree
printf 'one\\n' > one; printf '' > nothing; printf '#!/bin/sh\\n' > run; chmod 755 run; chmod 000 nothing
seq 200000 > private/numbers; chmod 640 private/numbers; ln private/numbers also; ln one private/uno
ln -s one link; ln -s ../nowhere private/dangling; ln -s /etc/passwd absolute
printf 'x' > '-rf'; printf 'x' > 'a b'; printf 'x' > "$(printf 'new\\nline')"; printf 'x' > 'ünï'; printf mac > ._one
chmod 700 private; chmod 1777 sticky; chmod 555 empty
find . -exec touch -h -d '2001-02-03 04:05:06 UTC' {} +
`
/** What only the younger ones can. */
const rich = `
cd tree; long=$(printf 'n%.0s' $(seq 150))
mkdir -p "$long/$long/$long"; printf deep > "$long/$long/$long/$long"; ln "$long/$long/$long/$long" short
ln -s "$long/$long/$long/$long" "$long/to"
printf 'bytes' > "$(printf 'caf\\351')"; printf 'other' > "$(printf 'caf\\350')"; ln -s "$(printf '\\377')" "$(printf 'l\\376')"
find . -exec touch -h -d '2001-02-03 04:05:06.123456789 UTC' {} +
touch -h -d '1969-12-31 23:59:58 UTC' one; touch -h -d '2300-01-01 UTC' run
`
/** bsdtar reads and writes these wrong: -1.5 s as "-2.5". */
const before1970 = "touch -d '1969-12-31 23:59:58.5 UTC' tree/one; touch -d @981173106.123456789 tree"
const attributes = `
cd tree; setfattr -n user.colour -v blue one; setfattr -n user.bytes -v 0x00ff0a3d one; setfattr -n user.of -v dir private
`
const pipes = 'mkfifo -m 620 tree/pipe; touch -d @981173106 tree/pipe tree'
/** Holes at the start, within and at the end. */
const holes = `
cd tree; truncate -s 3M holes; printf 'middle' | dd of=holes bs=1 seek=1500000 conv=notrunc status=none
truncate -s 40M many; for at in $(seq 0 25); do printf "part $at" | dd of=many bs=1M seek=$at conv=notrunc status=none; done
truncate -s 1M all-hole; touch -d @981173106 holes many all-hole
`

interface Writer {
  readonly name: string
  readonly make: readonly string[]
  readonly archive: string
  /** Unpacks it on the host, as its own program does. */
  readonly reference: string
}
const gnu = 'tar --xattrs -xpf out.tar -C reference'
const bsd = 'bsdtar -xpf out.tar -C reference'
const python = (format: string) =>
  `python3 -c 'import tarfile
with tarfile.open("out.tar", "w", format=tarfile.${format}) as tar: tar.add("tree", ".")'`
const writers: readonly Writer[] = [
  { name: 'GNU tar, v7', make: [plain], archive: 'tar --format=v7 -cf out.tar -C tree .', reference: gnu },
  {
    name: 'GNU tar, ustar',
    make: [plain, pipes],
    archive: 'tar --format=ustar -cf out.tar -C tree .',
    reference: gnu,
  },
  {
    name: 'GNU tar, oldgnu',
    make: [plain],
    archive: 'tar --format=oldgnu -cf out.tar -C tree .',
    reference: gnu,
  },
  {
    ...{
      name: 'GNU tar, gnu, sparse',
      make: [plain, rich, holes],
      reference: gnu,
    },
    archive: 'tar --format=gnu --sparse -cf out.tar -C tree .',
  },
  ...['0.0', '0.1', '1.0'].map((version) => ({
    ...{ name: `GNU tar, pax, sparse ${version}, xattrs`, reference: gnu },
    make: [plain, rich, holes, attributes, pipes, before1970],
    archive: `tar --format=pax --sparse --sparse-version=${version} --xattrs -cf out.tar -C tree .`,
  })),
  {
    name: 'bsdtar, ustar',
    make: [plain],
    archive: 'bsdtar --format=ustar -cf out.tar -C tree .',
    reference: bsd,
  },
  {
    name: 'bsdtar, gnutar',
    make: [plain],
    archive: 'bsdtar --format=gnutar -cf out.tar -C tree .',
    reference: bsd,
  },
  {
    ...{ name: 'bsdtar, pax', reference: bsd, archive: 'bsdtar --format=pax -cf out.tar -C tree .' },
    make: [plain, rich, holes, attributes],
  },
  { name: 'Python, ustar', make: [plain], archive: python('USTAR_FORMAT'), reference: gnu },
  { name: 'Python, gnu', make: [plain, rich], archive: python('GNU_FORMAT'), reference: gnu },
  { name: 'Python, pax', make: [plain, rich], archive: python('PAX_FORMAT'), reference: gnu },
]
const goProgram = `package main
import ("archive/tar"; "io/fs"; "os"; "path/filepath"; "io"; "time")
func main() {
  out, _ := os.Create("out.tar"); w := tar.NewWriter(out)
  formats := map[string]tar.Format{"ustar": tar.FormatUSTAR, "pax": tar.FormatPAX, "gnu": tar.FormatGNU}
  err := filepath.WalkDir("tree", func(path string, d fs.DirEntry, err error) error {
    if err != nil { return err }
    info, _ := d.Info(); link := ""
    if info.Mode()&fs.ModeSymlink != 0 { link, _ = os.Readlink(path) }
    header, err := tar.FileInfoHeader(info, link); if err != nil { return err }
    header.Name, _ = filepath.Rel("tree", path); if d.IsDir() { header.Name += "/" }
    header.Format = formats[os.Args[1]]
    header.Uname = ""; header.Gname = ""; header.AccessTime = time.Time{}; header.ChangeTime = time.Time{}
    if os.Args[1] == "ustar" { header.ModTime = header.ModTime.Truncate(time.Second) }
    if err := w.WriteHeader(header); err != nil { return err }
    if info.Mode().IsRegular() { file, _ := os.Open(path); defer file.Close(); io.Copy(w, file) }
    return nil
  })
  if err != nil { panic(err) }
  if err := w.Close(); err != nil { panic(err) }
}`
/** Each in a shell of its own, from the same place. */
const steps = (scripts: readonly string[]) => scripts.map((script) => `(${script.trim()})`).join('\n')
const hasGo = existsSync('/usr/local/go/bin/go') || existsSync('/usr/bin/go')

describe('an archive', () => {
  let sandbox: TestSandbox
  let root: FilesRoot
  let scratch: string
  let count = 0
  const inside = (path: string) => `/proc/${sandbox.pid}/root/home/user/${path}`
  const workplace = () => mkdtempSync(join(scratch, 'work-'))
  const shell = (directory: string, script: string) => run('bash', ['-ec', `cd ${directory}\n${script}`])
  const send = (file: string, to: string) => unpackInto(root, to, createReadStream(file))
  const receive = (path: string, file: string) =>
    pipeline(Readable.from(packPath(root, path)), createWriteStream(file))

  beforeAll(async () => {
    sandbox = await openTestSandbox('roundtrip', place, 256)
    root = new FilesRoot(openProcessRoot(sandbox.pid), uidBaseOf(place))
    scratch = mkdtempSync(join(tmpdir(), 'cloche-archives-'))
  })
  afterAll(async () => {
    root[Symbol.dispose]()
    await sandbox[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true })
  })

  it.each(writers)('of $name is unpacked as its own program does', async (writer) => {
    const [work, to] = [workplace(), `in${count++}`]
    await shell(work, `${steps(writer.make)}\nmkdir reference; ${writer.archive}; ${writer.reference}`)
    await send(join(work, 'out.tar'), to)
    expect(await snapshot(inside(to))).toEqual(await snapshot(join(work, 'reference')))
  })

  it.skipIf(!hasGo).each(['ustar', 'pax', 'gnu'])(
    'of Go, %s, is unpacked as GNU tar does',
    async (format) => {
      const [work, to] = [workplace(), `go${count++}`]
      await shell(work, steps(format === 'ustar' ? [plain, 'rm tree/ünï'] : [plain, rich]))
      writeFileSync(join(work, 'main.go'), goProgram)
      const go = existsSync('/usr/bin/go') ? '/usr/bin/go' : '/usr/local/go/bin/go'
      const env = { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off' }
      execFileSync(go, ['run', 'main.go', format], { cwd: work, env })
      await shell(work, `mkdir reference; ${gnu}`)
      await send(join(work, 'out.tar'), to)
      expect(await snapshot(inside(to))).toEqual(await snapshot(join(work, 'reference')))
    },
  )

  it('keeps all that the tree had, through pax with xattrs, there and back', async () => {
    const work = workplace()
    await shell(work, steps([plain, rich, holes, attributes, pipes]))
    await shell(work, 'tar --format=pax --sparse --xattrs -cf out.tar -C tree .')
    await send(join(work, 'out.tar'), 'whole')
    const source = await snapshot(join(work, 'tree'))
    expect(await snapshot(inside('whole'))).toEqual(source)
    await receive('whole', join(work, 'back.tar'))
    expect(await sizeOf(join(work, 'back.tar'))).toBeLessThan(8 * 1024 ** 2) // holes stay holes
    for (const [name, extract] of Object.entries({
      gnu: 'tar --xattrs -xpf back.tar -C gnu',
      bsd: 'bsdtar -xpf back.tar -C bsd',
      python: `python3 -c 'import tarfile
tarfile.open("back.tar").extractall("python")'`,
    })) {
      await mkdir(join(work, name))
      await shell(work, extract)
      const got = await snapshot(join(work, name))
      if (name === 'python') expect(withoutWhatPythonLoses(got)).toEqual(withoutWhatPythonLoses(source))
      else expect(got, name).toEqual(source)
    }
    await send(join(work, 'back.tar'), 'again')
    expect(await snapshot(inside('again'))).toEqual(source)
  })
})

const sizeOf = async (file: string) => Number(await run('stat', ['-c', '%s', file]))

/** Xattrs, the times of links, and fractions of seconds beyond a double. */
const withoutWhatPythonLoses = (tree: Record<string, SnapshotEntry>) =>
  Object.fromEntries(
    Object.entries(tree).map(([name, entry]) => [
      name,
      {
        ...{ ...entry, xattrs: {} },
        modified: entry.type === '0o120000' ? '' : entry.modified.slice(0, -5),
      },
    ]),
  )
