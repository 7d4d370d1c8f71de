import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { freshRecord, readRecord, readRecords, removeRecord, saveRecord, syncRecord } from './record.js'

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
const written = (name: string, content: string) => {
  mkdirSync(join(root, name), { recursive: true })
  writeFileSync(join(root, name, 'record.json'), content)
  return join(root, name)
}
const textOf = (directory: string) => readFileSync(join(directory, 'record.json'), 'utf8').trim()

afterAll(() => rmSync(root, { recursive: true }))

it.each([
  ['over a short one', fresh, { ...fresh, hostname: 'other' }],
  ['over a long one', large, fresh],
  ['longer than a page', fresh, large],
])('a record is read as it was written last, %s', async (_, before, after) => {
  const directory = join(root, 'b7')
  saveRecord(directory, before)
  await syncRecord(directory)
  saveRecord(directory, after)
  expect(readRecords(root).records).toEqual([after])
  expect(JSON.parse(textOf(directory))).toEqual(after)
  removeRecord(directory)
  expect(readRecords(root)).toEqual({ records: [], unreadable: [], foreign: [] })
})

it('a record of today, without a version, is read', () => {
  const { version: _, removing: __, ...old } = fresh
  expect(readRecord(written('b7', JSON.stringify(old)))).toEqual(fresh)
})

it('what another version has added is no error, and is written back as it was', () => {
  const other = { ...fresh, snapshots: [1, 2], limits: { ...fresh.limits, gpus: 1 } }
  const directory = written('b7', JSON.stringify(other))
  const found = readRecord(directory)
  expect(found).toMatchObject(fresh)
  expect(found.limits).toEqual(fresh.limits)
  saveRecord(directory, { ...found, state: 'stopped', limits: { ...found.limits, cpus: 2 } })
  expect(JSON.parse(textOf(directory))).toEqual({
    ...{ ...other, state: 'stopped' },
    limits: { ...other.limits, cpus: 2 },
  })
})

it('limits that this version would not accept any more are read', () => {
  const limits = { cpus: 1000, memoryMiB: 8.5, diskMiB: 1, pids: 1 }
  expect(readRecord(written('b7', JSON.stringify({ ...fresh, limits }))).limits).toEqual(limits)
})

it.each([
  ['with names of another form', { allow: ['a', '*.b'] }, { allow: ['a', '*.b'] }],
  ['with none', { allow: [] }, { allow: [] }],
  ['with a field of another version', { allow: ['a.example'], ports: [1] }, { allow: ['a.example'] }],
  ['of a kind that this version does not know, which opens nothing', { deny: ['b'] }, 'none'],
])('a network policy %s is read', (_, network, expected) => {
  expect(readRecord(written('b7', JSON.stringify({ ...fresh, network }))).network).toEqual(expected)
})

it.each([
  ['empty', '', 'unreadable_record', 'its record is empty'],
  ['cut', JSON.stringify(fresh).slice(0, 80), 'unreadable_record', 'its record is no JSON'],
  ['zeroes', '\0'.repeat(400), 'unreadable_record', 'its record is no JSON'],
  ['without limits', JSON.stringify({ ...fresh, limits: null }), 'unreadable_record', /limits: /],
  [
    'another’s',
    JSON.stringify({ ...fresh, id: 'b8' }),
    'unreadable_record',
    'its record is that of b8, at place 7',
  ],
  [
    'of a newer version',
    JSON.stringify({ ...fresh, version: 9 }),
    'newer_record',
    /has version 9, and this .* knows version 1/,
  ],
])('a record that is %s is told, left as it is, and no others are lost', (_, text, kind, message) => {
  const directory = written('b7', text)
  saveRecord(join(root, 'b9'), { ...fresh, id: 'b9', index: 9 })
  const { records, unreadable } = readRecords(root)
  expect(records.map(({ id }) => id)).toEqual(['b9'])
  expect(unreadable).toMatchObject([{ name: 'b7', why: { kind } }])
  expect(unreadable[0]?.why.message).toMatch(message)
  expect(readFileSync(join(directory, 'record.json'), 'utf8')).toBe(text)
  removeRecord(directory)
  removeRecord(join(root, 'b9'))
})

it('a directory without a record is told, what is no sandbox’s is left, what was half made or half removed goes', () => {
  for (const name of ['b1', 'lost+found', '.b2']) mkdirSync(join(root, name))
  written('.b3', JSON.stringify(fresh))
  expect(readRecords(root)).toMatchObject({
    records: [],
    unreadable: [{ name: 'b1', why: { kind: 'missing_record' } }],
    foreign: ['lost+found'],
  })
})
