import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from '@playwright/test'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ackEveryBytes, errorCode, maxInputBytes } from '../protocol/api/index.js'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { errorOf } from './errors.js'
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
    instance = await sharedInstance()
    home = await mkdtemp(join(tmpdir(), 'cloche-sdk-'))
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', home], { cwd: 'sdk' })
    const [packed] = z.array(z.object({ filename: z.string() })).parse(JSON.parse(stdout))
    const modules = join(home, 'node_modules/@cloche/sdk')
    await mkdir(modules, { recursive: true })
    await run('tar', ['-xf', join(home, packed?.filename ?? ''), '--strip-components=1', '-C', modules])
    await symlink(resolve('node_modules/socket.io-client'), join(home, 'node_modules/socket.io-client'))
    await symlink(resolve('node_modules/ws'), join(home, 'node_modules/ws'))
    await writeFile(join(home, 'tour.ts'), program)
  }, 300_000)
  afterAll(async () => {
    await rm(home, { recursive: true, force: true })
    await instance[Symbol.asyncDispose]()
  })

  /** What the compiler has to say about a file that knows the package and nothing of this project. */
  const compile = async (file: string): Promise<string> => {
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [] },
      ...{ module: 'nodenext', target: 'es2022', lib: ['es2022', 'esnext.disposable', 'dom'] },
    }
    await writeFile(join(home, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    const { stdout } = await run(resolve('node_modules/.bin/tsc'), ['-p', home]).catch((failure) => failure)
    return stdout
  }

  it('holds its code, its types and its licence, and nothing else', async () => {
    const files = await readdir(join(home, 'node_modules/@cloche/sdk'), { recursive: true })
    expect(files).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'dist/LICENSE', 'dist/index.js']),
    )
    expect(files.filter((name) => /test|(^|\/)build\.|protocol/.test(name))).toEqual([])
  })

  it('has types that stand alone', async () => {
    expect(await compile('tour.ts')).toBe('')
  })

  it('works in Node', async () => {
    await build({ entryPoints: [join(home, 'tour.ts')], outfile: join(home, 'tour.mjs'), format: 'esm' })
    const { tour } = await import(join(home, 'tour.mjs'))
    expect(await tour(instance.url, instance.admin.apiKey)).toEqual(expected)
  })

  it('does what docs/reference/sdk.md shows', async () => {
    const page = await readFile('docs/reference/sdk.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks.length).toBeGreaterThan(6)
    const node =
      'declare const process: { env: Record<string, string | undefined>; stdout: { write(bytes: Uint8Array): void } }'
    const seen =
      'console.log(JSON.stringify({ state, stdout, python, sorted, text, screen, status, casesPassed: graded.casesPassed, gone }))'
    await writeFile(join(home, 'page.ts'), [node, ...blocks, seen].join('\n'))
    expect(await compile('page.ts')).toBe('')
    await build({ entryPoints: [join(home, 'page.ts')], outfile: join(home, 'page.mjs'), format: 'esm' })
    const env = { ...process.env, CLOCHE_URL: instance.url, CLOCHE_API_KEY: instance.admin.apiKey }
    const { stdout } = await run(process.execPath, [join(home, 'page.mjs')], { env })
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{
        state: 'running',
        stdout: '42\n',
        sorted: 'apple\npear\n',
        text: 'water the plants\n',
        status: 'ok',
        casesPassed: 1,
        gone: true,
      },
      ...{ python: { stdout: 'hello\n' }, screen: expect.stringContaining('hello') },
    })
  })

  it('has types for what its README shows', async () => {
    const [, block = ''] = /^```ts\n(.*?)^```/ms.exec(await readFile('sdk/README.md', 'utf8')) ?? []
    expect(block).toContain('sandbox.exec')
    const node = 'declare const process: { env: Record<string, string | undefined> }'
    await writeFile(join(home, 'readme.ts'), [node, block].join('\n'))
    expect(await compile('readme.ts')).toBe('')
  })

  it('has every code and its class on that page', async () => {
    const page = await readFile('docs/reference/sdk.md', 'utf8')
    const rows = [...page.matchAll(/^\| `(\w+)` +\| ([^|]*)\|/gm)]
    const written = rows.flatMap(([, name = '', codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => [code, name]),
    )
    const real = errorCode.options.map((code) => [code, errorOf(code, '').name])
    expect(Object.fromEntries(written)).toEqual({
      ...Object.fromEntries(real),
      ...{ connection_failed: 'ConnectionFailed', unexpected_answer: 'UnexpectedAnswer' },
    })
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
