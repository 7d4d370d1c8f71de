import { join } from 'node:path'
import { newId } from '../../protocol/api/index.js'
import type { NodeBuild } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import { codeOf } from '../files/refusal.js'
import { MountedLayers } from '../image/below.js'
import { bounds } from '../image/bounds.js'
import type { LayerStore } from '../image/store.js'
import { hasOwnRoom } from '../rootfs/quota.js'
import { mountLayers } from '../rootfs/rootfs.js'
import type { Maker } from '../sandbox/make.js'
import type { NodeContext } from '../sandbox/node.js'
import { BuildFailed } from './error.js'

/** What the steps of one build share. */
export interface BuildParts {
  readonly node: NodeContext
  readonly maker: Maker
  readonly store: LayerStore
  readonly request: NodeBuild
  /** The control group of its tenant. */
  readonly home: string
  readonly signal: AbortSignal
  /**
   * Takes what a step prints.
   * @param heardBytes what it was made of: text that is masked counts against the log as well
   */
  print(text: string, heardBytes?: number): void
  /** Whether nothing more is taken. */
  isLogFull(): boolean
}

/** Users and groups of an image. */
export interface Accounts {
  readonly passwd: string
  readonly group: string
}

/** Calls `act` with layers mounted to be read. */
export async function withMounted<T>(
  { node, store }: Pick<BuildParts, 'node' | 'store'>,
  layers: readonly string[],
  act: (path: string) => T | Promise<T>,
): Promise<T> {
  const rootfs = mountLayers(
    join(node.scratch, newId('bm')),
    layers.map((name) => store.path(name)),
  )
  try {
    return await act(rootfs.path)
  } finally {
    await rootfs[Symbol.asyncDispose]()
  }
}

export const accountsOf = (
  parts: Pick<BuildParts, 'node' | 'store'>,
  layers: readonly string[],
): Promise<Accounts> =>
  withMounted(parts, layers, (path) => {
    using mounted = new MountedLayers(path)
    const read = (file: string) => mounted.read(file, bounds.userFileBytes)
    return { passwd: read('/etc/passwd'), group: read('/etc/group') }
  })

const roomBytes = 512 * 1024

/** What a step that could not write has met: its own limit, or the end of the node's disk. */
export function fullDisk(
  { node, request }: Pick<BuildParts, 'node' | 'request'>,
  volumeId: number,
  line: number,
): BuildFailed {
  const own = !hasOwnRoom(node.disk, volumeId, roomBytes)
  const what = own
    ? `the disk of the step is full: it holds ${request.limits.diskMiB} MiB (diskMiB)`
    : 'the disk of the node is full'
  return new BuildFailed('failed', `Dockerfile line ${line}: ${what}`, line)
}

export const isBrokenGzip = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')

export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '') ||
  (error instanceof RuntimeRefusal && error.code === 'disk_full') ||
  (error instanceof Error && /No space left on device|Disk quota exceeded/.test(error.message))
