import { isUtf8 } from 'node:buffer'
import type { RunFile } from '../../protocol/api/index.js'
import type { StarterFile } from '../assignments/archive.js'

/** A file of a submission, or a symbolic link. */
export interface HandedFile {
  readonly path: string
  readonly executable: boolean
  readonly target: string | null
  readonly content: Buffer
}

/** What is put into the sandbox of the tests. */
export interface Placed {
  readonly files: RunFile[]
  readonly links: { readonly path: string; readonly target: string }[]
}

const isBelow = (path: string, directory: string) => path === directory || path.startsWith(`${directory}/`)

/**
 * What was handed in, with the originals of all that is read-only: what is in the place of one of them, below it, or a link or file above
 * it, is left out, so that nothing leads a test to something else.
 */
export function placedFiles(
  handed: readonly HandedFile[],
  readOnly: readonly string[],
  originals: readonly StarterFile[],
): Placed {
  const isReplaced = ({ path }: HandedFile) =>
    readOnly.some((one) => isBelow(path, one)) || originals.some((one) => isBelow(one.path, path))
  const kept = handed.filter((one) => !isReplaced(one))
  const files = [...kept.filter(({ target }) => target === null), ...originals]
  return {
    files: files.map(asRunFile),
    links: kept.flatMap(({ path, target }) => (target === null ? [] : [{ path, target }])),
  }
}

export const asRunFile = ({ path, executable, content }: StarterFile): RunFile => ({
  ...{ path, executable },
  ...encoded(content),
})

/** Text takes a third less as it is. */
function encoded(content: Buffer): Pick<RunFile, 'content' | 'encoding'> {
  return isUtf8(content)
    ? { content: content.toString(), encoding: 'utf8' }
    : { content: content.toString('base64'), encoding: 'base64' }
}
