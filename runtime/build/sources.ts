import type { Ignored } from '../../protocol/api/dockerignore.js'
import { isPattern, nameMatcher } from '../../protocol/api/globs.js'
import { codeOf } from '../files/refusal.js'
import type { FilesRoot, PathHandle } from '../files/root.js'
import { bounds } from './bounds.js'
import { badBuild } from './error.js'
import type { WalkBudget } from './walk.js'

/** One thing that is copied. */
export interface Source {
  /** Where it is below the root that it comes from, without a slash at the beginning. */
  readonly path: string
  readonly handle: PathHandle
}

const nothing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'ENAMETOOLONG'])

/**
 * What a COPY names: paths, or patterns of Go's `filepath.Match`, step by step. Links are followed below the root. To be
 * closed by the caller, each of them.
 * @throws RuntimeRefusal `invalid_request` when there is nothing of a name, or too much
 */
export async function findSources(
  root: FilesRoot,
  named: string,
  ignored: Ignored,
  line: number,
  budget: WalkBudget,
): Promise<Source[]> {
  const steps = named.split('/').filter((step) => step !== '' && step !== '.')
  let paths = ['']
  for (const step of steps) {
    if (step === '..') paths = paths.map((path) => path.split('/').slice(0, -1).join('/'))
    else if (!isPattern(step)) paths = paths.map((path) => joined(path, step))
    else paths = await matching(root, paths, step, line, budget)
  }
  const isWanted = (path: string) => path === '' || !ignored.has(path) || !ignored.whole
  const found: Source[] = []
  try {
    for (const path of paths.filter(isWanted)) {
      await budget.rest()
      const handle = open(root, path)
      if (handle === undefined) continue
      // Of a directory that is left out something below may be wanted; a file is left out.
      if (!handle.stat().isDirectory() && ignored.has(path)) handle[Symbol.dispose]()
      else found.push({ path, handle })
    }
  } catch (error) {
    for (const { handle } of found) handle[Symbol.dispose]()
    throw error
  }
  if (found.length === 0) throw badBuild(`there is no ${JSON.stringify(named.slice(0, 200))} to copy`, line)
  return found
}

const joined = (path: string, name: string) => (path === '' ? name : `${path}/${name}`)

function open(root: FilesRoot, path: string): PathHandle | undefined {
  try {
    return root.find(`/${path}`, { follow: true })
  } catch (error) {
    if (nothing.has(codeOf(error) ?? '')) return undefined
    throw error
  }
}

/** @throws RuntimeRefusal `invalid_request` */
export function assertFew(sources: { readonly length: number }, line: number): void {
  if (sources.length > bounds.sources)
    throw badBuild(`it names more than ${bounds.sources} files: copy the directory that they are in`, line)
}

/** What a pattern stands for in some directories. */
async function matching(
  root: FilesRoot,
  directories: readonly string[],
  pattern: string,
  line: number,
  budget: WalkBudget,
): Promise<string[]> {
  const isMatching = nameMatcher(pattern)
  const found: string[] = []
  for (const path of directories) {
    for (const name of await namesIn(root, path, budget)) {
      await budget.rest()
      if (!isMatching(name)) continue
      found.push(joined(path, name))
      assertFew(found, line)
    }
  }
  return found
}

async function namesIn(root: FilesRoot, path: string, budget: WalkBudget): Promise<string[]> {
  const found = open(root, path)
  if (found === undefined) return []
  using directory = found
  if (!directory.stat().isDirectory()) return []
  return (await budget.namesIn(directory, 0)).map(String)
}
