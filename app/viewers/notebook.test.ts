import { describe, expect, it } from 'vitest'
import { viewerOf } from './kind'
import { parseNotebook } from './notebook'

const cells = [
  { cell_type: 'markdown', metadata: {}, source: ['# Title\n', 'words'] },
  {
    ...{ cell_type: 'code', metadata: {}, execution_count: 3, source: 'print(1)' },
    outputs: [
      { output_type: 'stream', name: 'stdout', text: ['1\n', '2\n'] },
      {
        output_type: 'display_data',
        data: { 'image/png': 'aGk=\n', 'text/plain': '<Figure>' },
        metadata: {},
      },
      {
        output_type: 'execute_result',
        data: { 'text/html': '<script>alert(1)</script>', 'text/plain': ['x'] },
      },
      { output_type: 'execute_result', data: { 'text/html': '<script>alert(1)</script>' } },
      { output_type: 'error', ename: 'E', evalue: '', traceback: ['\u001b[0;31mE\u001b[0m', 'line'] },
      { output_type: 'of tomorrow' },
    ],
  },
]

describe('a notebook', () => {
  it('is read with what its cells printed and drew, and nothing that would run here', () => {
    const read = parseNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }))
    expect(read).toEqual({
      language: 'python',
      cells: [
        { kind: 'markdown', source: '# Title\nwords', count: null, outputs: [] },
        {
          ...{ kind: 'code', source: 'print(1)', count: 3 },
          outputs: [
            { kind: 'text', text: '1\n2\n', failed: false },
            { kind: 'image', url: 'data:image/png;base64,aGk=' },
            { kind: 'text', text: 'x', failed: false },
            { kind: 'unknown' },
            { kind: 'text', text: 'E\nline', failed: true },
            { kind: 'unknown' },
          ],
        },
      ],
    })
    expect(() => parseNotebook('{"nbformat": 3}')).toThrow()
    expect(() => parseNotebook('not json')).toThrow()
  })

  it('and other files are known by their names', () => {
    expect(viewerOf('a.b.PNG')).toEqual({ kind: 'image', type: 'image/png' })
    expect(viewerOf('README.md')?.kind).toBe('markdown')
    expect(viewerOf('main.py')).toBeNull()
    expect(viewerOf('constructor')).toBeNull()
  })
})
