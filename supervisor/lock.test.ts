import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTime } from '../runtime/linux/process.js'
import { findSupervisor, isRunning, takeLock } from './lock.js'

describe('the lock of an instance', () => {
  let parent: string
  let run: string
  const write = (content: string) => {
    mkdirSync(run, { recursive: true })
    writeFileSync(join(run, 'supervisor.pid'), content)
  }
  beforeEach(() => {
    parent = mkdtempSync('/run/cloche-lock-')
    run = join(parent, 'instance')
  })
  afterEach(() => rmSync(parent, { recursive: true }))

  it('is held by one at a time, and leaves nothing when it is let go', () => {
    {
      using first = takeLock(run)
      expect(first).toBeDefined()
      expect(takeLock(run)).toBeUndefined()
    }
    expect(existsSync(run)).toBe(false)
    using next = takeLock(run)
    expect(next).toBeDefined()
  })

  it('is free when its holder was killed, whatever is written there', () => {
    write('{"pid":1,')
    expect(findSupervisor(run)).toBeUndefined()
    using lock = takeLock(run)
    expect(lock).toBeDefined()
  })

  it('names its holder, and no later process with the same number', () => {
    const parentStart = startTime(process.ppid) ?? 0
    write(JSON.stringify({ pid: process.ppid, startTime: parentStart }))
    expect(findSupervisor(run)).toEqual({ pid: process.ppid, startTime: parentStart })
    write(JSON.stringify({ pid: process.ppid, startTime: parentStart + 1 }))
    expect(findSupervisor(run)).toBeUndefined()
    expect(isRunning({ pid: process.ppid, startTime: parentStart + 1 })).toBe(false)
  })

  it('stays where something else is left in the directory', () => {
    {
      using lock = takeLock(run)
      expect(lock).toBeDefined()
      writeFileSync(join(run, 'left'), '')
    }
    expect(existsSync(join(run, 'left'))).toBe(true)
    expect(existsSync(join(run, 'supervisor.pid'))).toBe(false)
  })
})
