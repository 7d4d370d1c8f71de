import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tarOf } from './tar'

it('makes an archive that tar unpacks, with names of any length and letters', async () => {
  const long = `${'深/'.repeat(40)}${'x'.repeat(120)}`
  const archive = tarOf([
    { path: 'run.sh', content: new Blob(['#!/bin/sh\n']), mode: 0o755 },
    { path: long, content: new Blob(['a'.repeat(1025)]), mode: 0o644 },
    { path: 'empty', content: new Blob([]), mode: 0o644 },
  ])
  const to = mkdtempSync(join(tmpdir(), 'tar-'))
  try {
    const input = Buffer.from(await archive.arrayBuffer())
    const listed = execFileSync('tar', ['tv'], { input, encoding: 'utf8' })
    expect(listed).toMatch(/^-rwxr-xr-x .* run\.sh\n/)
    execFileSync('tar', ['x', '-C', to], { input })
    expect(readFileSync(join(to, 'run.sh'), 'utf8')).toBe('#!/bin/sh\n')
    expect(readFileSync(join(to, long), 'utf8')).toBe('a'.repeat(1025))
    expect(readFileSync(join(to, 'empty'), 'utf8')).toBe('')
  } finally {
    rmSync(to, { recursive: true })
  }
})
