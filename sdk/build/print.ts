import ts from 'typescript'

/** Writes the exported types of one module out, whatever they are computed from. */
export class Printer {
  /** Types that have a name of their own, by which others speak of them. */
  readonly #names = new Map<ts.Type, string>()
  readonly #aliases: readonly ts.TypeAliasDeclaration[]

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly source: ts.SourceFile,
  ) {
    this.#aliases = source.statements.filter(ts.isTypeAliasDeclaration)
    for (const alias of this.#aliases) {
      const type = checker.getTypeAtLocation(alias)
      if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Union) && !this.#names.has(type)) {
        this.#names.set(type, alias.name.text)
      }
    }
  }

  print(): string {
    return this.#aliases
      .map((alias) => {
        const type = this.checker.getTypeAtLocation(alias)
        const own = this.#names.get(type)
        const name = alias.name.text
        const text = own === undefined || own === name ? this.#type(type, '', name) : own
        const above = ts.getJSDocCommentsAndTags(alias).filter(ts.isJSDoc)
        const comment = above.map((doc) => `${doc.getText(this.source)}\n`).join('')
        return `${comment}export type ${name} = ${text};\n`
      })
      .join('\n')
  }

  /** @param inside the name whose own text this is, which must not stand for itself */
  #type(type: ts.Type, indent: string, inside?: string): string {
    const name = this.#names.get(type)
    if (name !== undefined && name !== inside) return name
    if (type.isUnion()) return this.#union(type, indent)
    const element = this.checker.isArrayType(type)
      ? this.checker.getIndexTypeOfType(type, ts.IndexKind.Number)
      : undefined
    if (element !== undefined) {
      const text = this.#type(element, indent)
      return /[ |]/.test(text) && !text.startsWith('{') ? `(${text})[]` : `${text}[]`
    }
    if (type.flags & ts.TypeFlags.Object) return this.#object(type, indent)
    return this.checker.typeToString(type)
  }

  #union(type: ts.UnionType, indent: string): string {
    // A boolean is a union of true and false, which nobody wants to read.
    const text = type.types.map((part) => this.#type(part, indent))
    const plain = text.filter((part) => part !== 'undefined')
    const whole = ['true', 'false'].every((part) => plain.includes(part))
    const shown = whole ? [...plain.filter((part) => part !== 'true' && part !== 'false'), 'boolean'] : plain
    return [...new Set(shown)].join(' | ')
  }

  #object(type: ts.Type, indent: string): string {
    const deeper = `${indent}    `
    const index = this.checker.getIndexInfosOfType(type)
    const lines = index.map((each) => `${deeper}[name: string]: ${this.#type(each.type, deeper)};`)
    for (const property of this.checker.getPropertiesOfType(type)) {
      const optional = property.flags & ts.SymbolFlags.Optional ? '?' : ''
      const text = this.#type(this.checker.getTypeOfSymbol(property), deeper)
      lines.push(...this.#comment(property, deeper), `${deeper}${property.name}${optional}: ${text};`)
    }
    return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`
  }

  /** What the protocol says of a property, in a comment or with `.describe`. */
  #comment(property: ts.Symbol, indent: string): string[] {
    const written = ts.displayPartsToString(property.getDocumentationComment(this.checker))
    const said = (property.declarations ?? []).map((declaration) => described(declaration)).join('')
    const words = [written, said].filter((part) => part !== '').join('; ')
    return words === '' ? [] : [`${indent}/** ${words.replaceAll('*/', '* /').replaceAll('\n', ' ')} */`]
  }
}

/** The text in `name: z.….describe('…')`. */
function described(declaration: ts.Declaration): string {
  if (!ts.isPropertyAssignment(declaration)) return ''
  for (let at: ts.Expression = declaration.initializer; ts.isCallExpression(at); ) {
    if (!ts.isPropertyAccessExpression(at.expression)) return ''
    const [argument] = at.arguments
    if (
      at.expression.name.text === 'describe' &&
      argument !== undefined &&
      ts.isStringLiteralLike(argument)
    ) {
      return argument.text
    }
    at = at.expression.expression
  }
  return ''
}
