import ts from 'typescript'
import { expect, it } from 'vitest'
import { nodesOf, sources } from './source'

/** Not yet translated. This list only gets shorter. */
const later = ['app/lib/']

/** Attributes and properties that a person reads. */
const shownNames =
  /^(aria-(label|description|valuetext|roledescription)|title|label|alt|placeholder|hint|description|text|name|action|what|empty|heading|caption)$/

/** Names that are the same in every language. */
const properNames = /^(Cloche|English|简体中文|CSV|CPU|Esc|Tab|Ctrl|Alt|Home|End)$/

function isWords(text: string): boolean {
  return /[A-Za-z]{2}/.test(text) && !properNames.test(text.trim())
}

/** Several words that begin like a sentence: no class names, no paths, no keys. */
function isSentence(text: string): boolean {
  return /^\s*[A-Z][a-z]+('s)?,? [a-z]|[a-z]{2} [a-z]+ [a-z ]+[.:!?…]$/.test(text)
}

function textsOf(node: ts.Node): string[] {
  if (ts.isJsxText(node)) return isWords(node.text) ? [node.text.trim()] : []
  if (ts.isTemplateExpression(node)) {
    const text = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join('0')
    return isSentence(text) || (isShown(node) && /\b(?!Cloche)[A-Z][a-z]/.test(text)) ? [text] : []
  }
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node)) return []
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return []
  if (isSentence(node.text) && !isProgrammersError(node)) return [node.text]
  return isShown(node) && /^[A-Z][a-z]/.test(node.text) && isWords(node.text) ? [node.text] : []
}

/** Stands, perhaps as one of two, where a person reads it: in an element, an attribute or a property with such a name. */
function isShown(node: ts.Node): boolean {
  const { parent } = node
  if (ts.isConditionalExpression(parent)) return node !== parent.condition && isShown(parent)
  if (ts.isBinaryExpression(parent)) return isShown(parent) && node === parent.right && !isComparison(parent)
  if (ts.isParenthesizedExpression(parent)) return isShown(parent)
  if (ts.isJsxExpression(parent)) return !ts.isJsxAttribute(parent.parent) || isShown(parent)
  if (ts.isJsxAttribute(parent) || ts.isPropertyAssignment(parent)) {
    return shownNames.test(parent.name.getText())
  }
  return false
}

function isComparison({ operatorToken }: ts.BinaryExpression): boolean {
  return /[=!<>]==?/.test(operatorToken.getText())
}

/** A mistake in the program, which nobody should ever read. */
function isProgrammersError({ parent }: ts.Node): boolean {
  return (
    ts.isNewExpression(parent) &&
    parent.expression.getText() === 'Error' &&
    /\b(stands outside|is not)\b/.test(parent.getText())
  )
}

it('no text stands in the source of the interface: all of them come from the catalogues', () => {
  const found = sources()
    .filter(({ fileName }) => !later.some((folder) => fileName.startsWith(folder)))
    .flatMap((file) => [...nodesOf(file)].flatMap(textsOf).map((text) => `${file.fileName}: ${text}`))
  expect(found).toEqual([])
})
