import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { createSandbox } from './create-sandbox.js'
import { fileQuery, moveFile } from './files.js'
import { page } from './lists.js'
import { createRun } from './run-request.js'
import { runListQuery } from './run-result.js'
import { execRequest, openTerminal, updateSandbox } from './sandbox.js'

describe('NUL is refused with the name of the field', () => {
  const bad = 'a\0b'
  it.each<[string, z.ZodType, object]>([
    ['command', execRequest, { command: bad }],
    ['command.1', execRequest, { command: ['echo', bad] }],
    ['cwd', execRequest, { command: 'true', cwd: bad }],
    ['env.A', execRequest, { command: 'true', env: { A: bad } }],
    ['command.1', openTerminal, { command: ['echo', bad] }],
    ['cwd', openTerminal, { cwd: bad }],
    ['env.A', openTerminal, { env: { A: bad } }],
    ['metadata.a', createSandbox, { metadata: { a: bad } }],
    ['metadata.a', updateSandbox, { metadata: { a: bad } }],
    ['path', fileQuery, { path: bad }],
    ['to', moveFile, { from: 'a', to: bad }],
    ['command', createRun, { command: bad }],
    ['command.1', createRun, { command: ['echo', bad] }],
    ['args.0', createRun, { command: 'true', args: [bad] }],
    ['env.A', createRun, { command: 'true', env: { A: bad } }],
    ['files.0.path', createRun, { command: 'true', files: [{ path: bad, content: '' }] }],
    ['artifacts.0', createRun, { command: 'true', artifacts: [bad] }],
    ['steps.0.command', createRun, { steps: [{ command: bad }] }],
    ['steps.0.name', createRun, { steps: [{ command: 'true', name: bad }] }],
    ['steps.0.env.A', createRun, { steps: [{ command: 'true', env: { A: bad } }] }],
    ['cases.0.name', createRun, { command: 'true', cases: [{ name: bad }] }],
    ['cases.0.args.0', createRun, { command: 'true', cases: [{ args: [bad] }] }],
    ['metadata.a', createRun, { command: 'true', metadata: { a: bad } }],
    ['search', runListQuery, { search: bad }],
    ['cursor', page, { cursor: bad }],
  ])('%s', (field, schema, body) => {
    const issues = schema.safeParse(body).error?.issues ?? []
    expect(issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      [field, expect.stringMatching(/^must not contain NUL( or half of a surrogate pair)?$/)],
    ])
  })

  it('but not in what a program reads', () => {
    expect(execRequest.safeParse({ command: 'cat', stdin: bad }).success).toBe(true)
    const file = { path: 'a', content: bad }
    expect(createRun.safeParse({ command: 'cat', stdin: bad, files: [file] }).success).toBe(true)
  })
})
