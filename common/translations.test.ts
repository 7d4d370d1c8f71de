import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const tutorials = readdirSync('docs/tutorials').filter((name) => name.endsWith('.md'))
/** An English page and its translation. */
const pairs: [string, string][] = [
  ['README.md', 'README.zh-CN.md'],
  ...tutorials.map((name): [string, string] => [`docs/tutorials/${name}`, `docs/tutorials/zh-CN/${name}`]),
]

/** What a reader copies, and what a change of the product changes: blocks of code, in their order. */
const blocksOf = (page: string) => [...page.matchAll(/^( *)(```|~~~).*?^\1\2/gms)].map(([block]) => block)
/** The depth of each heading: a section that one of two pages lacks shows here. */
const outlineOf = (page: string) =>
  [...page.replace(/^( *)(```|~~~).*?^\1\2/gms, '').matchAll(/^(#+) /gm)].map(([, marks]) => marks)
/** Addresses outside of the repository. */
const addressesOf = (page: string) => [...page.matchAll(/\]\((https?:[^)]+)\)/g)].map(([, url]) => url)

it.each(pairs)('%s is translated with the same code, sections and addresses', (original, translation) => {
  expect(existsSync(translation)).toBe(true)
  const [english, chinese] = [readFileSync(original, 'utf8'), readFileSync(translation, 'utf8')]
  expect(blocksOf(chinese)).toEqual(blocksOf(english))
  expect(outlineOf(chinese)).toEqual(outlineOf(english))
  expect(addressesOf(chinese)).toEqual(addressesOf(english))
  const folders = translation.split('/').length - original.split('/').length
  expect(english).toContain(
    `[简体中文](${translation
      .split('/')
      .slice(-1 - folders)
      .join('/')})`,
  )
  expect(chinese).toContain(`[English](${'../'.repeat(folders)}${original.split('/').at(-1)})`)
})

it('no translation is left of a tutorial that is gone', () => {
  expect(readdirSync('docs/tutorials/zh-CN').sort()).toEqual(tutorials.sort())
})
