import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../common/log.js'
import { rebuildOnChange } from './rebuild.js'

/** A checkout whose build copies each program's source, and fails on the word `broken`. */
const build = `#!/bin/sh
grep -rl broken server runtime && { echo 'this is broken' >&2; exit 1; }
mkdir -p dist/server dist/runtime/terminal
cp server/index.ts dist/server/index.js
cp runtime/index.ts dist/runtime/index.js
cp runtime/host.ts dist/runtime/host/host.js
`
const patience = { timeout: 20_000 }

const directory = mkdtempSync(join(tmpdir(), 'cloche-dev-'))
const restarted: string[] = []
const said: string[] = []
let rebuilding: AsyncDisposable

const write = (path: string, content: string, mode = 0o644) => {
  mkdirSync(dirname(join(directory, path)), { recursive: true })
  // As editors and git do: a new file takes the old one's name.
  writeFileSync(join(directory, `${path}~`), content, { mode })
  renameSync(join(directory, `${path}~`), join(directory, path))
}

beforeAll(() => {
  for (const room of ['common', 'protocol', 'prisma', 'sdk', 'supervisor', 'cli']) {
    mkdirSync(join(directory, room), { recursive: true })
  }
  write('bin/build', build, 0o755)
  for (const name of ['server/index', 'runtime/index', 'runtime/host']) write(`${name}.ts`, 'first')
  for (const name of ['server/index', 'runtime/index', 'runtime/host/host']) write(`dist/${name}.js`, 'first')
  const supervisor = { restart: async (name: string) => void restarted.push(name) }
  rebuilding = rebuildOnChange(directory, supervisor, (line) => said.push(line), createLog('dev', 'silent'))
})
afterAll(async () => {
  await rebuilding[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

it('restarts what a change has changed, and nothing else, as often as it changes', async () => {
  // Written until it is noticed: the watcher takes a moment to look at everything.
  for (const [round, version] of ['second', 'third'].entries()) {
    await expect
      .poll(() => {
        if (restarted.length === round) write('server/index.ts', version)
        return restarted
      }, patience)
      .toEqual(Array.from({ length: round + 1 }, () => 'server'))
  }
  write('runtime/host.ts', 'second')
  await expect.poll(() => restarted, patience).toEqual(['server', 'server', 'terminals'])
})

it('says why a build failed, leaves what runs, and goes on when it is mended', async () => {
  restarted.length = 0
  write('server/index.ts', 'broken')
  await expect.poll(() => said.join(), patience).toContain('this is broken')
  expect(restarted).toEqual([])
  write('server/index.ts', 'mended')
  await expect.poll(() => restarted, patience).toEqual(['server'])
})
