import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bringAdminBack, setAdminAside } from './admin-file.js'

let home: string
const file = () => join(home, 'admin.json')
const put = (content: object | string) =>
  writeFileSync(file(), typeof content === 'string' ? content : JSON.stringify(content))

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cloche-admin-'))
})
afterEach(() => rmSync(home, { recursive: true }))

it.each([
  ['with an installation', { installation: 'in_old', email: 'a' }],
  ['of an earlier version', { email: 'a' }],
])('credentials %s are kept while another database is in use, and come back with theirs', (_, old) => {
  put(old)
  setAdminAside(home)
  put({ installation: 'in_new', email: 'b' })
  expect(bringAdminBack(home, 'in_new')).toBe(false)
  bringAdminBack(home, 'in_old')
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual(old)
  expect(readdirSync(home).toSorted()).toEqual(['admin-in_new.json', 'admin.json'])
})

it('a file that cannot be read is left as it is, and stops nothing', () => {
  put('{"email": ')
  expect(bringAdminBack(home, 'in_old')).toBe(true)
  expect(readFileSync(file(), 'utf8')).toBe('{"email": ')
})
