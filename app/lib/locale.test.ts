import { expect, it } from 'vitest'
import { negotiateLocale, parseLocale } from './locale'

it.each([
  [null, 'en'],
  ['', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
  ['zh-TW', 'zh-CN'],
  ['ZH-hans-cn', 'zh-CN'],
  ['en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
  ['en;q=0.5, zh;q=0.8', 'zh-CN'],
  ['fr,zh;q=0.3', 'zh-CN'],
  ['zh;q=0, en;q=0.1', 'en'],
  ['de-DE,de', 'en'],
  ['*', 'en'],
  ['zh;q=x', 'zh-CN'],
  [';;,,=', 'en'],
])('a browser that asks for %j gets %s', (header, locale) => expect(negotiateLocale(header)).toBe(locale))

it('a cookie that names no language counts as none', () => {
  expect(['en', 'zh-CN', 'zh', '', undefined].map(parseLocale)).toEqual([
    'en',
    'zh-CN',
    undefined,
    undefined,
    undefined,
  ])
})
