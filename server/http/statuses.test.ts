import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** One route of the API as its source declares it. */
interface DeclaredRoute {
  readonly at: string
  /** Statuses below 300 of `schema.response`. */
  readonly declared: readonly number[]
  /** Those that its handler answers with. */
  readonly answered: readonly number[]
}

/**
 * The API's document is written from the schemas, and nothing at run time holds a handler to them: Fastify sends an
 * answer whose status has no schema as it is. What is found here is in the source, so a route that no test calls is
 * held to it too; `TestClient` holds what the tests call to it at run time.
 */
describe('a route', () => {
  const routes = sources('server').flatMap(routesOf)

  it('is found in the source', () => {
    expect(routes.length).toBeGreaterThan(60)
  })

  it('answers with the statuses that its schema declares, and declares no others', () => {
    expect(routes.map(({ at, answered }) => ({ at, statuses: answered }))).toEqual(
      routes.map(({ at, declared }) => ({ at, statuses: declared })),
    )
  })
})

function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(directory, name))
}

const methods = new Set(['get', 'post', 'put', 'patch', 'delete'])

/** Every `app.route(…)` and `app.get(…)` of a file with a schema, but those that the documentation leaves out. */
function routesOf(file: string): DeclaredRoute[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const routes: DeclaredRoute[] = []
  const visit = (node: ts.Node): void => {
    const [schema, handler] = partsOf(node)
    if (schema !== undefined && handler !== undefined && property(schema, 'hide') === undefined) {
      const response = property(schema, 'response')
      const names =
        response !== undefined && ts.isObjectLiteralExpression(response)
          ? response.properties.map((one) => Number(one.name?.getText()))
          : []
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      routes.push({
        at: `${file}:${line}`,
        declared: successes(names),
        answered: successes(statusesOf(handler)),
      })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return routes
}

/** Schema and handler of a call that makes a route. */
function partsOf(node: ts.Node): [ts.Expression | undefined, ts.Expression | undefined] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
    return [undefined, undefined]
  const { text } = node.expression.name
  const [first, second, third] = node.arguments
  if (text === 'route') return [property(first, 'schema'), property(first, 'handler')]
  return methods.has(text) ? [property(second, 'schema'), third] : [undefined, undefined]
}

/** What a handler gives to `code()`: 200 where it sets none, or sets one only under a condition. */
function statusesOf(handler: ts.Node): number[] {
  const statuses: number[] = []
  let always = false
  const visit = (node: ts.Node, conditional: boolean): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name } = node.expression
      const [status] = node.arguments
      if (name.text === 'code' && status !== undefined) {
        statuses.push(...numbersIn(status))
        always ||= !conditional
      }
    }
    const branches = ts.isIfStatement(node) || ts.isConditionalExpression(node)
    ts.forEachChild(node, (child) => visit(child, conditional || branches))
  }
  visit(handler, false)
  return always ? statuses : [...statuses, 200]
}

function numbersIn(node: ts.Node): number[] {
  if (ts.isNumericLiteral(node)) return [Number(node.text)]
  if (ts.isConditionalExpression(node)) return [...numbersIn(node.whenTrue), ...numbersIn(node.whenFalse)]
  return [Number.NaN]
}

/** Below 300, in order and once each. What is no number is shown as it is. */
const successes = (statuses: readonly number[]) =>
  [...new Set(statuses)].filter((status) => !(status >= 300)).toSorted((one, other) => one - other)

/** A property by its name, also in an object that is spread. */
function property(node: ts.Expression | undefined, name: string): ts.Expression | undefined {
  if (node === undefined || !ts.isObjectLiteralExpression(node)) return undefined
  for (const one of node.properties) {
    const inner = ts.isSpreadAssignment(one) ? property(one.expression, name) : undefined
    if (inner !== undefined) return inner
    if (one.name?.getText() !== name) continue
    if (ts.isPropertyAssignment(one)) return one.initializer
    if (ts.isShorthandPropertyAssignment(one)) return one.name
  }
  return undefined
}
