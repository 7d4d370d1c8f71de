import ts from 'typescript'
import { Printer } from './print.js'

/**
 * The declarations of the package. Those of `types.ts` come from `protocol/`, whose types are made by zod; they are
 * written out here, so that whoever installs the package needs neither.
 *
 * @param entry `sdk/index.ts`
 * @returns the text of each `.d.ts` by its path below `sdk/`
 * @throws Error when the sources do not compile
 */
export function declarations(root: string, entry: string, options: ts.CompilerOptions): Map<string, string> {
  const { tsBuildInfoFile: _, ...rest } = options
  const program = ts.createProgram([entry], {
    ...{ ...rest, incremental: false, noEmit: false, rootDir: root, outDir: '/out' },
    ...{ declaration: true, emitDeclarationOnly: true, stripInternal: true },
  })
  const wrong = ts.getPreEmitDiagnostics(program)
  if (wrong.length > 0) {
    const host = { getCurrentDirectory: () => root, getCanonicalFileName: String, getNewLine: () => '\n' }
    throw new Error(ts.formatDiagnostics(wrong, host))
  }
  const files = new Map<string, string>()
  program.emit(undefined, (path, text) => {
    const name = path.replace(/^\/out\//, '')
    if (name.startsWith('sdk/')) files.set(name.slice('sdk/'.length), text)
  })
  const types = program.getSourceFiles().find(({ fileName }) => fileName.endsWith('/sdk/types.ts'))
  if (types === undefined) throw new Error('sdk/types.ts is not part of the package')
  files.set('types.d.ts', new Printer(program.getTypeChecker(), types).print())
  return reachable(files, 'index.d.ts')
}

/** What the entry speaks of. The rest is nobody's business, and imports what is not in the package. */
function reachable(files: ReadonlyMap<string, string>, entry: string): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (name: string) => {
    const text = files.get(name)
    if (text === undefined) throw new Error(`the package's types need ${name}, which is not part of it`)
    if (found.has(name)) return
    found.set(name, text)
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      visit(fileName.replace(/^\.\//, '').replace(/\.js$/, '.d.ts'))
    }
  }
  visit(entry)
  return found
}
