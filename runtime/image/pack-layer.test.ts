import { constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FilesRoot, PathHandle } from '../files/root.js'
import { packLayer } from './pack-layer.js'

describe('the tar of a layer', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync('/var/tmp/cloche-pack-')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const open = () => openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  const packed = (entriesMax: number) => {
    using files = new FilesRoot(open(), 0)
    using merged = new PathHandle(open())
    return Buffer.concat([...packLayer(files, merged, entriesMax)])
  }

  // Each directory that is entered holds the names of all above it: their sum is what is bounded, not each.
  it('is refused when all directories together have too many names', () => {
    let at = root
    for (let depth = 0; depth < 4; depth++) {
      for (const name of ['b', 'c', 'd']) writeFileSync(join(at, name), '')
      at = join(at, 'a')
      mkdirSync(at)
    }
    expect(packed(16).length).toBeGreaterThan(16 * 512)
    expect(() => packed(15)).toThrow('there are more than 15 files and directories')
  })
})
