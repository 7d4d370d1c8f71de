import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findLeftovers } from './leftovers.js'
import { findSupervisor } from './lock.js'
import { keptSecret } from './secret.js'
import { readSettings } from './settings.js'
import { adminCredentials, keepPassword } from './setup.js'
import { endWriters } from './template/install.js'

describe('a file of an instance that was damaged', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync('/var/tmp/cloche-damaged-')
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('admin.json stops nothing: only a person needs it', () => {
    const file = join(home, 'admin.json')
    for (const content of ['', '{"email":', '{}']) {
      writeFileSync(file, content)
      expect(adminCredentials(home)).toEqual({ file, email: undefined })
      keepPassword(readSettings({ ...process.env, CLOCHE_HOME: home }), 'admin@cloche.local', 'new')
      expect(readFileSync(file, 'utf8')).toBe(content)
    }
  })

  it('secret is named, with what to do, and left as it is', () => {
    const made = keptSecret(home)
    expect(keptSecret(home)).toBe(made)
    for (const content of ['', '\n', 'short']) {
      writeFileSync(join(home, 'secret'), content)
      expect(() => keptSecret(home)).toThrow(/\/secret is damaged: .* backup.* remove it/)
      expect(readFileSync(join(home, 'secret'), 'utf8')).toBe(content)
    }
  })

  it('children.json and supervisor.pid are as if there were none', () => {
    for (const content of ['', '{', '[]', '{"server":{"pid":-1}}']) {
      for (const name of ['children.json', 'supervisor.pid']) writeFileSync(join(home, name), content)
      expect(findLeftovers(home).size).toBe(0)
      expect(findSupervisor(home)).toBeUndefined()
    }
  })

  it('and a program that a killed start has left at work on a template is ended before the next one works there', async () => {
    const half = join(home, 'base-0123.new')
    mkdirSync(half)
    const tar = spawn('sh', ['-c', 'while :; do sleep 0.05; echo x > "$1/file"; done', 'tar', half], {
      stdio: 'ignore',
    })
    const other = spawn('sleep', ['1000'], { stdio: 'ignore' })
    const ended = new Promise((resolve) => tar.once('exit', (_, signal) => resolve(signal)))
    await endWriters(half)
    expect(await ended).toBe('SIGKILL')
    rmSync(half, { recursive: true })
    expect(other.exitCode).toBeNull()
    other.kill()
  })
})
