import { describe, expect, it } from 'vitest'
import { createRun } from './run-request.js'

const program = { path: 'main.py', content: 'print(1)' }

describe('the request of a run', () => {
  it('needs one way to run, and no more', () => {
    for (const good of [
      { language: 'python@3.11', files: [program] },
      { command: 'true' },
      { steps: [{ command: ['true'] }] },
      { command: 'true', judge: { mode: 'interactive', command: 'true' } },
      { command: 'true', cases: [{}], judge: { mode: 'checker', command: 'true' } },
      { steps: [{ command: 'true', report: { path: 'a/report.xml' } }] },
    ]) {
      expect(createRun.safeParse(good).error).toBeUndefined()
    }
  })

  it.each([
    ['nothing to run', {}],
    ['two ways to run', { language: 'python', files: [program], command: 'true' }],
    ['a language with a template', { language: 'python', template: 'base', files: [program] }],
    ['a language without a program', { language: 'python' }],
    ['a path that leads out', { command: 'true', files: [{ path: '../x', content: '' }] }],
    ['a path that leads out later', { command: 'true', files: [{ path: 'a/../../x', content: '' }] }],
    ['an absolute path', { command: 'true', files: [{ path: '/etc/passwd', content: '' }] }],
    ['a path with NUL', { command: 'true', files: [{ path: 'a\0b', content: '' }] }],
    ['one path twice', { command: 'true', files: [program, { ...program, path: './main.py' }] }],
    [
      '10,000 files',
      { command: 'true', files: Array.from({ length: 10_000 }, (_, i) => ({ path: `f${i}`, content: '' })) },
    ],
    ['files of 9 MiB', { command: 'true', files: [{ path: 'big', content: 'x'.repeat(9 << 20) }] }],
    ['base64 that is none', { command: 'true', files: [{ path: 'x', content: 'a=b', encoding: 'base64' }] }],
    ['a language with a strange name', { language: '../python', files: [program] }],
    ['zero limits', { command: 'true', limits: { wallMs: 0 } }],
    ['fractional limits', { command: 'true', limits: { cpuMs: 1.5 } }],
    ['an unknown limit', { command: 'true', limits: { cpus: 4 } }],
    ['stdin beside cases', { command: 'cat', stdin: 'x', cases: [{ stdin: 'y' }] }],
    ['artifacts of cases', { command: 'cat', artifacts: ['x'], cases: [{ stdin: 'y' }] }],
    ['a callback that is no web address', { command: 'true', callbackUrl: 'file:///etc/passwd' }],
    ['a checker without cases', { command: 'true', judge: { mode: 'checker', command: 'true' } }],
    ['a judge of another kind', { command: 'true', judge: { mode: 'oracle', command: 'true' } }],
    ['a judge without a command', { command: 'true', judge: { mode: 'interactive' } }],
    [
      'files of a judge where cases are put',
      {
        command: 'true',
        judge: { mode: 'interactive', command: 'true', files: [{ path: './case/input', content: '' }] },
      },
    ],
    [
      'one path twice in a judge',
      { command: 'true', judge: { mode: 'interactive', command: 'true', files: [program, program] } },
    ],
    ['a report outside of the home directory', { command: 'true', report: { path: '/etc/passwd' } }],
    ['a report in an unknown format', { command: 'true', report: { path: 'r', format: 'trx' } }],
    ['a report of all steps', { steps: [{ command: 'true' }], report: { path: 'r' } }],
    ['no case at all', { command: 'true', cases: [] }],
  ])('is refused with %s', (_, body) => {
    expect(createRun.safeParse(body).success).toBe(false)
  })
})
