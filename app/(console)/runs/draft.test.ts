import { describe, expect, it } from 'vitest'
import type { Language } from '../../lib/protocol'
import { createRun } from '../../lib/protocol-runs'
import { again, draftFrom, requestOf } from './draft'

const python: Language = {
  ...{ name: 'python', title: 'Python', version: '3.11.2', aliases: ['py'], file: 'main.py' },
  ...{ compile: null, run: ['python3', '{file}'], template: 'code' },
}
const encoded = (text: string) => Buffer.from(text).toString('base64')

describe('a run that is edited again', () => {
  it('keeps what the page does not edit', () => {
    const request = {
      ...{ language: 'py', args: ['x'], limits: { wallMs: 500 }, network: 'internet', stopOnFailure: true },
      files: [
        { path: 'task.py', content: 'print(1)' },
        { path: 'data.txt', content: 'd' },
      ],
      cases: [{ name: 'one', stdin: '1', expected: '2', compare: 'exact' }],
    }
    const draft = draftFrom(createRun.parse(request), [python])
    expect(draft && createRun.parse(requestOf(draft, python))).toEqual(
      createRun.parse({ ...request, language: 'python' }),
    )
  })

  it('reads what the command line sent in base64', () => {
    const draft = draftFrom(
      createRun.parse({
        language: 'python',
        files: [{ path: 'main.py', content: encoded('print("ä")'), encoding: 'base64' }],
        ...{ stdin: encoded('3 4'), stdinEncoding: 'base64' },
      }),
      [python],
    )
    expect(draft && requestOf(draft, python)).toEqual({
      ...{ language: 'python', files: [{ path: 'main.py', content: 'print("ä")' }], stdin: '3 4' },
    })
  })

  it('is not offered for what is no text, or no language', () => {
    const files = [{ path: 'main.py', content: '/w==', encoding: 'base64' }]
    expect(draftFrom(createRun.parse({ language: 'python', files }), [python])).toBeNull()
    expect(draftFrom(createRun.parse({ command: 'true' }), [python])).toBeNull()
  })
})

describe('a run that is run again', () => {
  it('is the same work in fewer words', () => {
    const request = {
      ...{
        template: 'base',
        command: ['cat', 'a b'],
        files: [{ path: 'run', content: '', executable: true }],
      },
      ...{ stdin: encoded('x'), stdinEncoding: 'base64', metadata: { who: 'ann' } },
    }
    expect(
      again(createRun.parse({ ...request, wait: true, callbackUrl: 'https://ann.example/hook' })),
    ).toEqual(request)
    expect(again(createRun.parse({ command: 'true' }))).toEqual({ command: 'true' })
  })
})
