import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { programSources } from './testing/sources.js'

const program = 'node_modules/.cache/cloche-faulty/faulty.mjs'
const line = z.looseObject({ msg: z.string(), error: z.looseObject({ message: z.string() }).optional() })

/** Runs the faulty service until it says `until` or ends. */
async function runFaulty(until: string, args: string[] = []) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.includes(until)) child.kill('SIGTERM')
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  const lines = text.trim().split('\n')
  return { code, lines: lines.map((one) => line.parse(JSON.parse(one))) }
}

describe('a service', () => {
  beforeAll(async () => {
    await build({
      entryPoints: { faulty: 'common/testing/faulty.ts' },
      ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20' },
      ...{ outdir: 'node_modules/.cache/cloche-faulty', outExtension: { '.js': '.mjs' } },
    })
  })

  it('goes on whatever a timer, an event handler or a promise throws, logs it, and ends when it is told to', async () => {
    const { code, lines } = await runFaulty('still here')
    const seen = new Set(lines.map(({ error }) => error?.message))
    for (const kind of ['timeout', 'immediate', 'microtask', 'every', 'every, later', 'handler']) {
      expect(seen).toContain(kind)
    }
    for (const kind of ['asynchronous handler', 'error event', 'rejection']) expect(seen).toContain(kind)
    // What is repeated may throw once more until it has ended.
    expect(lines.map(({ msg }) => msg)).toContain('still here')
    expect(code).toBe(0)
  })

  it('that cannot start says why, and ends with 1', async () => {
    const { code, lines } = await runFaulty('never said', ['start'])
    expect(lines).toMatchObject([{ msg: 'it does not start', error: { message: 'start' } }])
    expect(code).toBe(1)
  })

  it.each(['gateway/index.ts', 'runtime/index.ts', 'runtime/host/host.ts', 'server/index.ts'])(
    'is what %s is',
    (file) => {
      expect(readFileSync(file, 'utf8')).toMatch(/await runService\(|runService\(/)
    },
  )

  it('repeats nothing by setInterval alone: where the callback does more than look, `every` catches what it throws', () => {
    const bare = programSources(['common', 'gateway', 'runtime', 'server', 'supervisor', 'cli']).filter(
      (file) => /\bsetInterval\(/.test(readFileSync(file, 'utf8')),
    )
    expect(bare.filter((file) => !file.startsWith('cli/client/'))).toEqual(known)
  })
})

/** Whose callbacks are covered by `runService`, and that have no log of their own. Not to grow. */
const known = [
  'common/timers.ts',
  'runtime/linux/process.ts',
  'runtime/terminal/drawing-thread.ts',
  'runtime/terminal/terminal.ts',
  'runtime/view/thread.ts',
  'server/http/events.ts',
  'server/http/slow.ts',
]
