import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freshRecord, readRecords, saveRecord } from './record.js'

const root = mkdtempSync(join(tmpdir(), 'cloche-records-'))
const fresh = freshRecord(7, {
  ...{
    sandboxId: null,
    tenantId: null,
    purpose: 'sandbox',
    template: 'base',
    layers: ['layer'],
    network: 'internet',
  },
  ...{ limits: { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }, isolation: 'standard', env: {} },
  ...{ hostname: 'box', cgroup: '/x' },
})
const large = { ...fresh, env: { BIG: 'x'.repeat(9000) } }

afterAll(() => rmSync(root, { recursive: true }))

it.each([
  ['over a short one', fresh, { ...fresh, hostname: 'other' }],
  ['over a long one', large, fresh],
  ['longer than a page', fresh, large],
])('a record is read as it was written last, %s', (_, before, after) => {
  const directory = join(root, 'b7')
  saveRecord(directory, before)
  saveRecord(directory, after)
  expect(readRecords(root, () => {})).toEqual([after])
  expect(readFileSync(join(directory, 'record.json'), 'utf8').trim()).toBe(JSON.stringify(after))
})
