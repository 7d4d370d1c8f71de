import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createVolume, destroyVolume } from '../rootfs/volume.js'

/**
 * A volume of a build's own. It lies among those of runs, which are all destroyed when the runtime starts: no build outlives
 * its runtime.
 */
export class BuildVolume implements Disposable {
  readonly path: string
  readonly id: number

  /** @param name of nothing else there */
  constructor(disk: string, name: string, sizeBytes: number) {
    const path = join(disk, 'runs', name)
    this.path = path
    this.id = createVolume(path, sizeBytes).id
  }

  /** What is written to it. */
  get upper(): string {
    return join(this.path, 'upper')
  }

  [Symbol.dispose](): void {
    if (existsSync(this.path)) destroyVolume(this.path)
  }
}
