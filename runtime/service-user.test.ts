import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serviceUser, userFile } from './service-user.js'

describe('the system user of an instance', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync('/var/tmp/cloche-user-')
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('is one of its own, and cloche for the default instance', () => {
    expect(serviceUser('staging', home)).toBe('cloche-staging')
    expect(serviceUser('cloche', home)).toBe('cloche')
  })

  it('stays cloche where it was installed with that', () => {
    writeFileSync(join(home, 'secret'), 'x')
    expect(serviceUser('staging', home)).toBe('cloche')
  })

  it('is what it was at the first start, and never what else a file says', () => {
    writeFileSync(join(home, 'secret'), 'x')
    writeFileSync(userFile(home), 'cloche-staging\n')
    expect(serviceUser('staging', home)).toBe('cloche-staging')
    writeFileSync(userFile(home), 'root\n')
    expect(serviceUser('staging', home)).toBe('cloche')
  })
})
