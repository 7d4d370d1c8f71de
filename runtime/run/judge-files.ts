import { caseFolder, runBounds } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { readFile } from '../files/read.js'
import { refusing } from '../files/refusal.js'
import type { FilesRoot } from '../files/root.js'
import { statPath } from '../files/tree.js'
import type { RunSandbox } from './run-sandbox.js'

const inCase = (name: string) => `${caseFolder}/${name}`

/** The arguments of a judge, in the order in which testlib's checkers and interactors want them. */
export const caseArguments: readonly string[] = ['input', 'output', 'expected'].map(inCase)
/** What a judge may write into without costing its sandbox. */
const written = ['output', 'points', 'message'].map(inCase)
export const writtenByJudge: ReadonlySet<string> = new Set(written.map((path) => `home/user/${path}`))

const pointsBytes = 64

/** What a judge is given about a case. */
export interface CaseContent {
  readonly input: Buffer
  /** What the program printed; empty for an interactive judge. */
  readonly output: Buffer
  readonly expected: string
}

/** What a judge has left, beside its exit status. */
export interface Said {
  /** Content of `case/points`; null when it is empty. */
  readonly points: string | null
  readonly message: string | null
  /** Why that cannot be read. */
  readonly problem: string | null
}

/** Puts the files of a case into the sandbox of a judge, each a new one. */
export async function putCase(runSandbox: RunSandbox, content: CaseContent): Promise<void> {
  using root = runSandbox.files()
  const nothing = Buffer.alloc(0)
  const files = { ...content, expected: Buffer.from(content.expected), points: nothing, message: nothing }
  for (const [name, bytes] of Object.entries(files)) await runSandbox.write(root, inCase(name), bytes)
}

/** Reads what a judge has written about a case, when no program runs in its sandbox. */
export async function readSaid(runSandbox: RunSandbox): Promise<Said> {
  try {
    using root = runSandbox.files()
    const points = await beginning(root, inCase('points'), pointsBytes + 1)
    if (points.length > pointsBytes)
      return {
        points: null,
        message: null,
        problem: `${inCase('points')} is longer than ${pointsBytes} bytes`,
      }
    const message = await beginning(root, inCase('message'), runBounds.judgeMessageBytes)
    return { points: textOf(points), message: textOf(message), problem: null }
  } catch (error) {
    if (!(error instanceof RuntimeRefusal)) throw error
    return { points: null, message: null, problem: error.message }
  }
}

/** @throws RuntimeRefusal for what is no regular file */
async function beginning(root: FilesRoot, path: string, bytes: number): Promise<Buffer> {
  // Nothing is followed: a link of the judge's to another file of its sandbox is a mistake of it.
  const entry = await refusing(path, async () => statPath(root, path)).catch((error: unknown) => {
    if (error instanceof RuntimeRefusal && error.code === 'file_not_found') return undefined
    throw error
  })
  if (entry === undefined || (entry.type === 'file' && entry.sizeBytes === 0)) return Buffer.alloc(0)
  if (entry.type !== 'file') throw new RuntimeRefusal('conflict', `${path} is not a regular file`)
  const chunks: Buffer[] = []
  const { content } = await refusing(path, () => readFile(root, path, { range: `bytes=0-${bytes - 1}` }))
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Text for people. PostgreSQL's JSON cannot hold NUL. */
export function textOf(bytes: Buffer): string | null {
  const text = bytes.toString('utf8').replaceAll('\0', '\ufffd').trim()
  return text === '' ? null : text
}
