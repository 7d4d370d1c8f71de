import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { en } from './en'
import { nodesOf, sources } from './source'
import { zh } from './zh'

type Tree = { readonly [key: string]: string | Tree }

function flatten(tree: Tree, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[`${prefix}${key}`, value]] : [...flatten(value, `${prefix}${key}.`)],
    ),
  )
}

/** The arguments and tags of a message, sorted, each once. */
function argumentsOf(elements: readonly MessageFormatElement[]): string[] {
  const names = elements.flatMap((element): string[] => {
    if (element.type === TYPE.literal || element.type === TYPE.pound) return []
    if (element.type === TYPE.tag) return [`<${element.value}>`, ...argumentsOf(element.children)]
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      const branches = Object.values(element.options).flatMap(({ value }) => argumentsOf(value))
      return [element.value, ...branches]
    }
    return [element.value]
  })
  return [...new Set(names)].sort()
}

const english = flatten(en)
const chinese = flatten(zh)

/** Keys as the source names them: whole, or as a pattern where a part is computed. */
function keysOf(node: ts.Node): string | RegExp | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return null
  const tail = node.templateSpans.map((span) => `[\\w-]+${escaped(span.literal.text)}`).join('')
  return new RegExp(`^${escaped(node.head.text)}${tail}$`)
}

const escaped = (text: string) => text.replace(/[^\w-]/g, '\\$&')

it('both languages have the same texts, with the same arguments', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  const differing = [...english].filter(
    ([key, text]) => String(argumentsOf(parse(text))) !== String(argumentsOf(parse(chinese.get(key) ?? ''))),
  )
  expect(differing.map(([key]) => key)).toEqual([])
})

it('no text is empty, and every Chinese one is Chinese where the English one has words', () => {
  const untranslated = [...chinese].filter(([key, text]) => {
    const same = text === english.get(key)
    return text.trim() === '' || (same && / [a-z]{3,} [a-z]{2,}/.test(text))
  })
  expect(untranslated).toEqual([])
})

it('every text is used, and every text that is used exists', () => {
  const used = new Set<string>()
  const patterns: RegExp[] = []
  const missing: string[] = []
  for (const file of sources()) {
    for (const node of nodesOf(file)) {
      const key = keysOf(node)
      if (key instanceof RegExp) patterns.push(key)
      else if (key !== null) used.add(key)
      if (typeof key === 'string' && isTranslated(node) && !english.has(key)) {
        missing.push(`${file.fileName}: ${key}`)
      }
    }
  }
  const unused = [...english.keys()].filter(
    (key) => !used.has(key) && !patterns.some((pattern) => pattern.test(key)),
  )
  expect(missing).toEqual([])
  expect(unused).toEqual([])
})

/** `t('…')`, `t.rich('…')` or `new TextError('…')`. */
function isTranslated({ parent }: ts.Node): boolean {
  if (ts.isNewExpression(parent)) return parent.expression.getText() === 'TextError'
  return ts.isCallExpression(parent) && /^t(\.\w+)?$/.test(parent.expression.getText())
}
