import { expect, it } from 'vitest'
import { languageOf } from './language.js'

it.each([
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['zh-CN', 'zh'],
  ['zh', 'zh'],
  ['zh-Hans-CN', 'zh'],
  ['zh-TW,zh;q=0.9,en;q=0.8', 'zh'],
  ['de,zh;q=0.5', 'zh'],
  ['en-GB,zh-CN;q=0.9', 'en'],
  ['zh;q=0, *', 'en'],
  ['de', 'en'],
  [';;,q=zh', 'en'],
])('Accept-Language %j is answered in %s', (accepted, language) => {
  expect(languageOf(accepted === undefined ? {} : { 'accept-language': accepted })).toBe(language)
})
