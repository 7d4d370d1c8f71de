import { chmodSync, writeFileSync } from 'node:fs'
import type { PathHandle } from '../files/root.js'
import type { MountedLayers } from './below.js'
import { bounds } from './bounds.js'
import type { ImageConfig } from './config.js'
import { Ways } from './ways.js'

/** Grows when what is added to images is another thing. */
export const finishingVersion = 1

const resolver = 'nameserver 169.254.1.1\n'
const hosts = '127.0.0.1 localhost\n::1 localhost\n'
/** Mount points, and where programs put what nobody keeps. */
const directories = [
  ...(['/proc', '/sys', '/dev', '/run', '/etc'] as const).map((path) => ({ path, mode: 0o755 })),
  ...(['/tmp', '/var/tmp'] as const).map((path) => ({ path, mode: 0o1777 })),
]

/**
 * Writes the layer that lies over an image's own: what a sandbox needs and an image need not have. Names are resolved by
 * the network of the sandbox; directories that are missing are made, among them that which its programs start in and those of its volumes.
 */
export function writeFinishing(
  top: PathHandle,
  image: MountedLayers,
  { workingDirectory, volumes }: Pick<ImageConfig, 'workingDirectory' | 'volumes'>,
): void {
  const ways = new Ways(top, image)
  const made = (path: string) => {
    const steps = path
      .split('/')
      .filter(Boolean)
      .map((step) => Buffer.from(step))
    return ways.settle(steps, Buffer.from(path))
  }
  const own = [workingDirectory, ...volumes].map((path) => ({ path, mode: 0o755 }))
  for (const { path, mode } of [...directories, ...own]) {
    if (image.has(path)) continue
    using directory = top.below(made(path))
    chmodSync(directory.path(), mode)
  }
  const files = [
    { name: 'resolv.conf', text: resolver },
    ...(image.read('/etc/hosts', bounds.userFileBytes).trim() === '' ? [{ name: 'hosts', text: hosts }] : []),
  ]
  using etc = top.below(made('/etc'))
  for (const { name, text } of files) {
    writeFileSync(etc.path(name), text, { mode: 0o644, flag: 'wx' })
  }
}
