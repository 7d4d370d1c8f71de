import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from '@playwright/test'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ackEveryBytes, maxInputBytes } from '../protocol/index.js'
import { type Instance, openInstance } from '../testing/instance.js'
import { acknowledgeEveryBytes, inputPieceBytes } from './terminal.js'

const run = promisify(execFile)

/** What somebody may write who has the package and nothing else of this project. */
const program = `
import { Cloche, NotFound, type RunDescription, type SandboxDescription } from '@cloche/sdk'

export async function tour(url: string, apiKey: string): Promise<string[]> {
  const cloche = new Cloche({ url, apiKey })
  const sandbox = await cloche.sandboxes.create({ limits: { memoryMiB: 128, diskMiB: 64 }, ttlSeconds: 600 })
  const { state, limits }: SandboxDescription = await sandbox.describe()
  const { stdout, exitCode } = await sandbox.exec('echo $((6 * 7)); exit 3')
  await sandbox.files.write('a.txt', 'hello')
  const terminal = await sandbox.terminals.open({ command: ['cat', 'a.txt'] })
  let screen = ''
  for await (const event of terminal) {
    if (event.type === 'output') screen += new TextDecoder().decode(event.bytes)
  }
  await sandbox.delete()
  const gone = await sandbox.describe().catch((error: unknown) => error instanceof NotFound)
  return [state, String(limits.memoryMiB), stdout.trim(), String(exitCode), screen, String(gone)]
}

export const passed = (run: RunDescription): boolean => run.status === 'ok' && run.steps[0]?.exitCode === 0
// @ts-expect-error: there is no such limit
export const wrong = (cloche: Cloche) => cloche.sandboxes.create({ limits: { gpus: 1 } })
`
const expected = ['running', '128', '42', '3', 'hello', 'true']

describe('the package', () => {
  let instance: Instance
  let home: string

  beforeAll(async () => {
    instance = await openInstance('pkg')
    home = await mkdtemp(join(tmpdir(), 'cloche-sdk-'))
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', home], { cwd: 'sdk' })
    const [packed] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(stdout))
    const modules = join(home, 'node_modules/@cloche/sdk')
    await mkdir(modules, { recursive: true })
    await run('tar', ['-xf', join(home, packed?.filename ?? ''), '--strip-components=1', '-C', modules])
    await symlink(resolve('node_modules/socket.io-client'), join(home, 'node_modules/socket.io-client'))
    await writeFile(join(home, 'tour.ts'), program)
  }, 300_000)
  afterAll(async () => {
    await rm(home, { recursive: true, force: true })
    await instance[Symbol.asyncDispose]()
  })

  it('holds its code, its types and its licence, and nothing else', async () => {
    const files = await readdir(join(home, 'node_modules/@cloche/sdk'), { recursive: true })
    expect(files).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'dist/LICENSE', 'dist/index.js']),
    )
    expect(files.filter((name) => /test|build|protocol/.test(name))).toEqual([])
  })

  it('has types that stand alone', async () => {
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] },
      ...{ module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable', 'dom'] },
    }
    await writeFile(join(home, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['tour.ts'] }))
    const { stdout } = await run(resolve('node_modules/.bin/tsc'), ['-p', home]).catch((failure) => failure)
    expect(stdout).toBe('')
  })

  it('works in Node', async () => {
    await build({ entryPoints: [join(home, 'tour.ts')], outfile: join(home, 'tour.mjs'), format: 'esm' })
    const { tour } = await import(join(home, 'tour.mjs'))
    expect(await tour(instance.url, instance.admin.apiKey)).toEqual(expected)
  })

  it('works in a browser', async () => {
    const { outputFiles } = await build({
      ...{
        entryPoints: [join(home, 'tour.ts')],
        bundle: true,
        write: false,
        format: 'iife',
        globalName: 'page',
      },
    })
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox'],
    })
    try {
      const page = await browser.newPage()
      await page.route(`${instance.url}/tour`, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>tour</title>' }),
      )
      await page.goto(`${instance.url}/tour`)
      await page.addScriptTag({ content: outputFiles[0]?.text ?? '' })
      const told = page.evaluate(`page.tour(location.origin, ${JSON.stringify(instance.admin.apiKey)})`)
      expect(await told).toEqual(expected)
    } finally {
      await browser.close()
    }
  })

  it('acknowledges and cuts as the protocol wants it', () => {
    expect(acknowledgeEveryBytes).toBeLessThanOrEqual(ackEveryBytes)
    expect(inputPieceBytes).toBe(maxInputBytes)
  })
})
