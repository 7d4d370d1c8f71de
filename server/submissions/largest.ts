import { fileTree } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Exclusions } from './exclusions.js'
import type { TooMuch } from './read.js'

const home = '/home/user'
const shown = 5

/**
 * Why a home directory cannot be handed in: what is too much, and the paths to look at first.
 * @returns ApiError `payload_too_large`
 */
export async function refusalOf(
  { message }: TooMuch,
  node: RuntimeClient,
  sandboxId: string,
  exclusions: Exclusions,
): Promise<ApiError> {
  const listed = await node
    .ask('GET', `/sandboxes/${sandboxId}/tree`, fileTree, { path: home, depth: 32 })
    .catch(() => ({ entries: [] })) // then the paths are not named
  const files = listed.entries
    .map(({ path, type, sizeBytes }) => ({ path: path.slice(home.length + 1), type, sizeBytes }))
    .filter(({ path, type }) => type !== 'directory' && exclusions.of(path) === undefined)
  const largest = files.toSorted((a, b) => b.sizeBytes - a.sizeBytes).slice(0, shown)
  const bySize = largest.map(({ path, sizeBytes }) => `${path} (${inMiB(sizeBytes)} MiB)`).join(', ')
  const counts = new Map<string, number>()
  for (const { path } of files) {
    const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
    counts.set(directory, (counts.get(directory) ?? 0) + 1)
  }
  const fullest = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, shown)
  const byCount = fullest.map(([path, count]) => `${path} (${count})`).join(', ')
  const isCount = message.includes('files')
  const where = isCount ? `most are in ${byCount}` : `the largest are ${bySize}`
  return new ApiError(
    'payload_too_large',
    `the home directory holds ${message}, which cannot be handed in${files.length === 0 ? '' : `; ${where}`}. Delete what is not part of the work, or move it to /tmp, and hand in again`,
  )
}

const inMiB = (bytes: number) => (bytes / 1024 ** 2).toFixed(1)
