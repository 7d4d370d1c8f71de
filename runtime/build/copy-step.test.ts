import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { file, tar } from '../../testing/images.js'
import { FilesRoot } from '../files/root.js'
import { fromLayers, performCopy } from './copy-step.js'
import { planBuild } from './planning.js'

const directory = mkdtempSync(join(tmpdir(), 'copy-step-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('ends in the middle of an archive when the build is canceled', async () => {
  writeFileSync(join(directory, 'a.tar'), tar([file('a', Buffer.alloc(1024 ** 2))]))
  const [step] = planBuild({
    ...{ dockerfile: 'FROM scratch\nADD a.tar /', args: {}, secrets: new Set(), architecture: 'amd64' },
    template: () => undefined,
  }).stages.flatMap(({ steps }) => steps)
  if (step?.kind !== 'copy') throw new Error('no copy')
  using root = new FilesRoot(openSync(directory, 'r'), 0)
  const cancel = new AbortController()
  let parts = 0
  const archives = {
    unpack: async (_root: FilesRoot, _path: string, archive: AsyncIterable<Uint8Array>) => {
      for await (const _ of archive) if (++parts === 2) cancel.abort(new Error('canceled'))
    },
  }
  await expect(
    performCopy({ signal: cancel.signal }, archives, step, fromLayers(root), root, { passwd: '', group: '' }),
  ).rejects.toThrow('canceled')
  expect(parts).toBe(2)
})
