import { languageOf } from '../editor/language'
import { nameOf } from '../files/paths'

interface HelpedLanguage {
  /** As the Language Server Protocol names it. */
  readonly id: string
  /** A command that installs a language server of it. */
  readonly install: string
}

const npm = (name: string) => `npm install --global --prefix ~/.local ${name}`
const webServers = npm('vscode-langservers-extracted')
const script = npm('typescript typescript-language-server')

/** By the names of `languageOf`. */
const helped: Readonly<Record<string, HelpedLanguage>> = {
  python: { id: 'python', install: 'sudo apt-get install python3-pylsp' },
  javascript: { id: 'javascript', install: script },
  typescript: { id: 'typescript', install: script },
  tsx: { id: 'typescriptreact', install: script },
  c: { id: 'c', install: 'sudo apt-get install clangd' },
  cpp: { id: 'cpp', install: 'sudo apt-get install clangd' },
  go: { id: 'go', install: 'go install golang.org/x/tools/gopls@latest' },
  rust: { id: 'rust', install: 'rustup component add rust-analyzer' },
  java: { id: 'java', install: 'https://github.com/eclipse-jdtls/eclipse.jdt.ls' },
  bash: { id: 'shellscript', install: npm('bash-language-server') },
  html: { id: 'html', install: webServers },
  css: { id: 'css', install: webServers },
  json: { id: 'json', install: webServers },
}

/** Those whose files are useful without help: nothing is recommended for them. */
const optional: ReadonlySet<string> = new Set(['shellscript', 'html', 'css', 'json'])

/** The language of a file for a language server; null for one that no server is known for. */
export function helpedLanguageOf(path: string, firstLine = ''): string | null {
  const name = nameOf(path)
  if (/\.jsx$/i.test(name)) return 'javascriptreact'
  const known = helped[languageOf(name, firstLine).name]
  // A header's language is its project's: C++ understands both.
  return known?.id === 'c' && /\.h$/i.test(name) ? 'cpp' : (known?.id ?? null)
}

/** How a server for a language is installed; null where that need not be said. */
export function installOf(languageId: string): string | null {
  if (optional.has(languageId)) return null
  const wanted = languageId === 'javascriptreact' ? 'javascript' : languageId
  return Object.values(helped).find(({ id }) => id === wanted)?.install ?? null
}

/** Files that mark the directory of a project, where a server must be started in it. */
export function markersOf(languageId: string): readonly string[] {
  if (languageId === 'go') return ['go.work', 'go.mod']
  if (languageId === 'rust') return ['Cargo.toml']
  if (languageId === 'java') return ['pom.xml', 'build.gradle', 'build.gradle.kts', 'settings.gradle']
  return ['.git']
}
