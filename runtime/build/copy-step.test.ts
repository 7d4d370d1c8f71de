import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { parseIgnored } from '../../protocol/api/dockerignore.js'
import { file, tar } from '../../testing/images.js'
import { FilesRoot } from '../files/root.js'
import { digestOfCopy, fromLayers, performCopy } from './copy-step.js'
import { planBuild } from './planning.js'

const directory = mkdtempSync(join(tmpdir(), 'copy-step-'))
afterAll(() => rmSync(directory, { recursive: true }))

const copyOf = (instruction: string) => {
  const [step] = planBuild({
    ...{ args: {}, secrets: new Set(), architecture: 'amd64', template: () => undefined },
    dockerfile: `FROM scratch\n${instruction}`,
  }).stages.flatMap(({ steps }) => steps)
  if (step?.kind !== 'copy') throw new Error('no copy')
  return step
}

it('ends in the middle of an archive when the build is canceled', async () => {
  writeFileSync(join(directory, 'a.tar'), tar([file('a', Buffer.alloc(1024 ** 2))]))
  const step = copyOf('ADD a.tar /')
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

it('counts what is left out, and ends there as well', async () => {
  mkdirSync(join(directory, 'left'))
  for (const name of ['a', 'b']) writeFileSync(join(directory, 'left', name), '')
  using root = new FilesRoot(openSync(directory, 'r'), 0)
  const from = { root, ignored: parseIgnored('left/*') }
  const digest = (signal: AbortSignal) => digestOfCopy(copyOf('COPY left /x'), from, signal)
  expect(await digest(new AbortController().signal)).toMatch(/^[0-9a-f]{64}$/)
  await expect(digest(AbortSignal.abort(new Error('canceled')))).rejects.toThrow('canceled')
})
