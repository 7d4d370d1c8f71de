import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliOf, curlOf } from './commands'
import type { RunRequest } from './draft'

const nasty = `print("it's", '$HOME', \`x\`, "\\\\n")\n# $(touch bad) !! %s\n`
const request: RunRequest = {
  language: 'python',
  files: [{ path: 'main.py', content: nasty }],
  stdin: "a'b\n%d",
  args: ['x y', '--json'],
}

/** Runs a line in a real shell, where a program called `name` writes down its words and its stdin. */
function inShell(line: string, name: string) {
  const directory = mkdtempSync(join(tmpdir(), 'commands-'))
  try {
    const recorder = `${name}() { cat > stdin; for word in "$@"; do printf '%s\\0' "$word"; done > words; }\n`
    execFileSync('/bin/sh', ['-c', recorder + line], { cwd: directory, input: '' })
    const read = (file: string) => {
      const path = join(directory, file)
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined
    }
    return {
      words: read('words')?.split('\0').slice(0, -1) ?? [],
      stdin: read('stdin'),
      program: read('main.py'),
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('the commands that do the same', () => {
  it('hand curl the request, whatever a program contains', () => {
    const { words } = inShell(curlOf(request, 'http://localhost:3000'), 'curl')
    expect(words[0]).toBe('http://localhost:3000/api/v1/runs')
    expect(JSON.parse(words.at(-1) ?? '')).toEqual({ ...request, wait: true })
  })

  it('hand the command line program, input and arguments, whatever is in them', () => {
    const { words, stdin, program } = inShell(cliOf(request) ?? '', 'cloche')
    expect(words).toEqual(['run', '--language', 'python', './main.py', '--', 'x y', '--json'])
    expect(stdin).toBe("a'b\n%d")
    expect(program).toBe(nasty)
  })

  it('say nothing where the command line has no words for it', () => {
    expect(cliOf({ ...request, cases: [{ stdin: '1' }] })).toBeNull()
    expect(cliOf({ ...request, limits: { pids: 3 } })).toBeNull()
    expect(cliOf({ ...request, files: [{ path: 'a', content: '/w==', encoding: 'base64' }] })).toBeNull()
  })
})
