import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { readFile } from '../files/read.js'
import { refusing } from '../files/refusal.js'
import { FilesRoot, openProcessRoot } from '../files/root.js'
import { unpackInto } from '../files/unpack.js'
import { writeFile } from '../files/write.js'
import { run } from '../linux/spawn.js'
import { openTestSandbox, type TestSandbox, uidBaseOf } from './test-sandbox.js'

/** The files of one sandbox, from outside, as the API reaches them. */
export interface TestFiles extends AsyncDisposable {
  readonly sandbox: TestSandbox
  readonly root: FilesRoot
  /** A directory of the host for what a test compares with. */
  readonly scratch: string
  read(path: string): Promise<string>
  write(path: string, content: string, mode?: number): ReturnType<typeof writeFile>
  /** The code with which `act` is refused, or `no error`. */
  codeOf(act: () => unknown): Promise<string>
  /** Unpacks the `out.tar` that the script `make` leaves, and gives the code of the refusal. */
  unpack(make: string, into: string): Promise<string>
}

/** @param place as of `openTestSandbox` */
export async function openTestFiles(name: string, place: number): Promise<TestFiles> {
  const sandbox = await openTestSandbox(name, place)
  const root = new FilesRoot(openProcessRoot(sandbox.pid), uidBaseOf(place))
  const scratch = mkdtempSync(join(tmpdir(), `cloche-${name}-`))
  const codeOf = (act: () => unknown) =>
    refusing('it', act).then(
      () => 'no error',
      (error: unknown) =>
        error instanceof Error && 'code' in error && error.name === 'RuntimeRefusal'
          ? String(error.code)
          : String(error),
    )
  return {
    ...{ sandbox, root, scratch, codeOf },
    read: async (path) => (await bytesOf((await readFile(root, path)).content)).toString(),
    write: (path, content, mode) =>
      refusing(path, () => writeFile(root, path, Readable.from([Buffer.from(content)]), mode)),
    unpack: async (make, into) => {
      const from = mkdtempSync(join(scratch, 'tar-'))
      await run('bash', ['-ec', `cd ${from}; ${make}`])
      const archive = Readable.from([readFileSync(join(from, 'out.tar'))])
      return codeOf(() => unpackInto(root, into, archive))
    },
    [Symbol.asyncDispose]: async () => {
      root[Symbol.dispose]()
      await sandbox[Symbol.asyncDispose]()
      rmSync(scratch, { recursive: true })
    },
  }
}

export async function bytesOf(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
