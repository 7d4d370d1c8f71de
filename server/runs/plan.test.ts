import { describe, expect, it } from 'vitest'
import { createRun, type Quota, type Template } from '../../protocol/api/index.js'
import { plan } from './plan.js'

const quota: Quota = { cpus: 2, memoryMiB: 2048, diskMiB: 1024, pids: 512, sandboxes: 4 }
const recipe = {
  ...{ name: 'c', title: 'C', version: '12', aliases: [], file: 'main.c' },
  ...{ compile: ['gcc', '{sources}', '-J{heapMiB}'], run: ['./{stem}', '-{heapMiB}'] },
}
const templates: Template[] = [
  {
    ...{ name: 'base', description: '', isolation: ['standard'], builtAt: new Date().toISOString() },
    ...{ defaults: { cpus: 1, memoryMiB: 256, diskMiB: 256, pids: 64 }, languages: [recipe] },
    ...{ idle: null, own: null },
    own: null,
    image: null,
    system: false,
  },
]
const planned = (body: object) => plan(createRun.parse(body), templates, quota).run

describe('the plan of a run', () => {
  it('compiles every source, and tells programs their share of the memory', () => {
    const files = ['main.c', 'other.c', 'a.h'].map((path) => ({ path, content: '' }))
    const { steps } = planned({ language: 'c', files, limits: { memoryMiB: 100 } })
    expect(steps.map(({ command }) => command)).toEqual([
      ['gcc', 'main.c', 'other.c', '-J716'],
      ['./main', '-70'],
    ])
  })

  it.each<[string, object, RegExp]>([
    [
      'a long argument',
      { command: ['echo', 'ü'.repeat(65_536)] },
      /step run: an argument.*131072 bytes; Linux allows 131071/,
    ],
    ['a long line', { command: 'x'.repeat(131_072) }, /step run: an argument/],
    [
      'many arguments',
      { command: ['echo', ...Array(1000).fill('x'.repeat(1000))] },
      /together; at most 983040/,
    ],
    [
      'long arguments of a case',
      { command: ['cat'], cases: [{ args: Array(40).fill('x'.repeat(32_768)) }] },
      /together/,
    ],
    [
      'an OPTIND that the shell refuses',
      { command: 'true', env: { OPTIND: 'x' } },
      /does not start with OPTIND="x"/,
    ],
  ])('refuses %s with the reason', (_, body, words) => {
    expect(() => planned(body)).toThrow(words)
  })

  it('takes what Linux takes', () => {
    expect(() => planned({ command: ['echo', 'x'.repeat(131_071)] })).not.toThrow()
    expect(() => planned({ command: ['env'], env: { OPTIND: 'x' } })).not.toThrow()
  })

  it('gives a judge limits of its own, and an interactive one more time than its program', () => {
    const of = (judge: object, over: object = {}) =>
      planned({ command: 'cat', limits: { wallMs: 2000 }, judge: { command: 'true', ...judge }, ...over })
    const cases = [{ stdin: 'x' }]
    expect(of({ mode: 'interactive' }).judge).toMatchObject({
      ...{ template: 'base', network: 'none', diskMiB: 128, env: {}, files: [] },
      limits: { wallMs: 7000, memoryMiB: 256 },
    })
    expect(of({ mode: 'interactive', limits: { wallMs: 100 } }).judge?.limits.wallMs).toBe(100)
    expect(of({ mode: 'checker' }, { cases }).judge?.limits.wallMs).toBe(10_000)
    expect(of({ mode: 'checker', compile: 'make' }, { cases }).judge?.compileLimits.memoryMiB).toBe(1024)
    expect(planned({ command: 'cat' })).not.toHaveProperty('judge')
  })

  it.each([
    [
      'disk',
      { limits: { diskMiB: 1000 }, judge: { mode: 'interactive', command: 'true' } },
      /1128 of diskMiB together/,
    ],
    [
      'memory',
      { limits: { memoryMiB: 2000 }, judge: { mode: 'interactive', command: 'true' } },
      /2256 of memoryMiB/,
    ],
    ['processes', { limits: { pids: 500 }, judge: { mode: 'interactive', command: 'true' } }, /564 of pids/],
    [
      'template',
      { judge: { mode: 'interactive', command: 'true', template: 'none' } },
      /template none not found/,
    ],
    [
      'command',
      { judge: { mode: 'interactive', command: ['x'.repeat(131_072)] } },
      /step judge: an argument/,
    ],
  ])('refuses what a run and its judge cannot have together: %s', (_, over, message) => {
    expect(() => planned({ command: 'cat', ...over })).toThrow(message)
  })

  it('lets a checker have the memory of the program, which is gone by then', () => {
    const judge = { mode: 'checker', command: 'true', limits: { memoryMiB: 2000 } }
    const { steps } = planned({ command: 'cat', cases: [{}], limits: { memoryMiB: 2000 }, judge })
    expect(steps[0]?.limits.memoryMiB).toBe(2000)
  })

  it('has the report of each step, or that of the last one', () => {
    const report = { path: 'r.xml' }
    expect(planned({ command: 'cat', report }).steps.map((step) => step.report)).toEqual([report])
    const steps = [{ command: 'a', report }, { command: 'b' }]
    expect(planned({ steps }).steps.map((step) => step.report)).toEqual([report, undefined])
  })
})
