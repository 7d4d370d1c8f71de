import type { Language } from '../../lib/protocol'

/** Compilers that give a language its version without being its own: a version alone would be taken for the language's. */
const compilers: Readonly<Record<string, string>> = { typescript: 'esbuild' }

/** `Python 3.13.5`, `TypeScript (esbuild 0.28.2)`. */
export function languageLabel({ name, title, version }: Language): string {
  const compiler = compilers[name]
  return compiler === undefined ? `${title} ${version}` : `${title} (${compiler} ${version})`
}

/** The language's title by its name, also with a version as in `python@3`; the name where it is not known. */
export function languageTitle(name: string, languages: readonly Language[]): string {
  const [plain = name] = name.split('@')
  return languages.find((one) => one.name === plain || one.aliases.includes(plain))?.title ?? name
}
