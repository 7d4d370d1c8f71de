import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { boundLogs, logPath, openLog, tailOf } from './logs.js'

describe('a log', () => {
  let home: string
  let fd: number
  beforeEach(() => {
    home = mkdtempSync('/var/tmp/cloche-logs-')
    fd = openLog(home, 'server')
  })
  afterEach(() => {
    closeSync(fd)
    rmSync(home, { recursive: true })
  })

  it('that has grown too long is kept once and begins anew, while its writer goes on', () => {
    writeSync(fd, 'a'.repeat(100))
    boundLogs(home, 100)
    expect(statSync(logPath(home, 'server')).size).toBe(100)
    writeSync(fd, 'b')
    boundLogs(home, 100)
    writeSync(fd, 'after\n')
    expect(readFileSync(logPath(home, 'server'), 'utf8')).toBe('after\n')
    expect(readFileSync(`${logPath(home, 'server')}.1`, 'utf8')).toBe(`${'a'.repeat(100)}b`)
  })

  it('tells its last lines, only those since a start', () => {
    writeSync(fd, 'old\n')
    const since = statSync(logPath(home, 'server')).size
    writeSync(fd, 'one\ntwo\nthree\n')
    expect(tailOf(logPath(home, 'server'), since)).toBe('one\ntwo\nthree')
    expect(tailOf(logPath(home, 'server'), since, 2)).toBe('two\nthree')
    expect(tailOf(logPath(home, 'server'))).toContain('old')
  })

  it('tells all it has when it began anew since that start', () => {
    writeSync(fd, 'fresh\n')
    expect(tailOf(logPath(home, 'server'), 1_000_000)).toBe('fresh')
  })

  it('can be read by nobody else', () => {
    expect(statSync(logPath(home, 'server')).mode & 0o007).toBe(0)
    expect(statSync(join(home, 'logs')).mode & 0o007).toBe(0)
  })
})
