import type { LanguageServer } from '../../protocol/api/index.js'

type Known = Pick<LanguageServer, 'id' | 'languages' | 'command'>

const python = ['python']
const script = ['javascript', 'javascriptreact', 'typescript', 'typescriptreact']

/** The language servers that are looked for. Of several for a language, the first that is installed is used. */
export const knownServers: readonly Known[] = [
  { id: 'basedpyright', languages: python, command: ['basedpyright-langserver', '--stdio'] },
  { id: 'pyright', languages: python, command: ['pyright-langserver', '--stdio'] },
  { id: 'jedi', languages: python, command: ['jedi-language-server'] },
  { id: 'pylsp', languages: python, command: ['pylsp'] },
  { id: 'typescript', languages: script, command: ['typescript-language-server', '--stdio'] },
  { id: 'clangd', languages: ['c', 'cpp'], command: ['clangd'] },
  { id: 'gopls', languages: ['go'], command: ['gopls'] },
  { id: 'rust-analyzer', languages: ['rust'], command: ['rust-analyzer'] },
  { id: 'jdtls', languages: ['java'], command: ['jdtls'] },
  { id: 'bash', languages: ['shellscript'], command: ['bash-language-server', 'start'] },
  { id: 'html', languages: ['html'], command: ['vscode-html-language-server', '--stdio'] },
  { id: 'css', languages: ['css'], command: ['vscode-css-language-server', '--stdio'] },
  { id: 'json', languages: ['json'], command: ['vscode-json-language-server', '--stdio'] },
]

/** Where people install programs of their own, before what the sandbox has. */
const path =
  'PATH="$HOME/.local/bin:$HOME/.npm-global/bin:$HOME/go/bin:$HOME/.cargo/bin:/usr/local/go/bin:$PATH"; export PATH'

/** Says where the programs are that it is given the names of: an empty line for one that is not there. */
export const findScript: readonly string[] = [
  '/bin/sh',
  '-c',
  `${path}; for name; do command -v "$name" || echo; done`,
  'sh',
  ...knownServers.map(({ command }) => command[0] ?? ''),
]

/** @param found what `findScript` has said */
export function installedOf(found: string): LanguageServer[] {
  const lines = found.split('\n')
  return knownServers.flatMap((known, at) => {
    const program = lines[at]
    return program?.startsWith('/') ? [{ ...known, path: program }] : []
  })
}

/** Starts one, found again as it was found before. */
export const commandOf = ({ command }: Known): string[] => [
  ...['/bin/sh', '-c', `${path}; exec "$@"`, 'sh'],
  ...command,
]
