interface FileLanguage {
  /** As `syntaxOf` knows it. */
  readonly name: string
  /** The same in every language of the interface. */
  readonly displayName: string
  /** Endings of its files. */
  readonly files: string
  /** Whole names of some. */
  readonly names?: string
}

const languages: readonly FileLanguage[] = [
  { name: 'python', displayName: 'Python', files: 'py pyi pyw' },
  { name: 'javascript', displayName: 'JavaScript', files: 'js mjs cjs jsx' },
  { name: 'typescript', displayName: 'TypeScript', files: 'ts mts cts' },
  { name: 'tsx', displayName: 'TypeScript JSX', files: 'tsx' },
  { name: 'c', displayName: 'C', files: 'c h' },
  { name: 'cpp', displayName: 'C++', files: 'cpp cc cxx hpp hh hxx ino' },
  { name: 'java', displayName: 'Java', files: 'java' },
  { name: 'go', displayName: 'Go', files: 'go' },
  { name: 'rust', displayName: 'Rust', files: 'rs' },
  { name: 'php', displayName: 'PHP', files: 'php' },
  { name: 'html', displayName: 'HTML', files: 'html htm xhtml vue svelte' },
  { name: 'css', displayName: 'CSS', files: 'css' },
  { name: 'json', displayName: 'JSON', files: 'json jsonc webmanifest ipynb' },
  { name: 'markdown', displayName: 'Markdown', files: 'md markdown' },
  { name: 'yaml', displayName: 'YAML', files: 'yaml yml' },
  { name: 'sql', displayName: 'SQL', files: 'sql' },
  { name: 'ruby', displayName: 'Ruby', files: 'rb', names: 'Gemfile Rakefile' },
  { name: 'perl', displayName: 'Perl', files: 'pl pm' },
  {
    name: 'bash',
    displayName: 'Shell',
    files: 'sh bash zsh',
    names: '.bashrc .profile .bash_profile .bash_logout .zshrc',
  },
  { name: 'toml', displayName: 'TOML', files: 'toml' },
  { name: 'ini', displayName: 'INI', files: 'ini cfg conf properties env', names: '.env' },
  { name: 'dockerfile', displayName: 'Dockerfile', files: 'dockerfile', names: 'Dockerfile Containerfile' },
]

const mapOf = (words: (one: FileLanguage) => string | undefined) =>
  new Map(languages.flatMap((one) => (words(one)?.split(' ') ?? []).map((word) => [word, one] as const)))
const byEnding = mapOf(({ files }) => files)
const byName = mapOf(({ names }) => names)
const plain = { name: 'text', displayName: 'text' }

/** The language of a file by its name, or by the interpreter that its first line names. */
export function languageOf(fileName: string, firstLine = ''): Pick<FileLanguage, 'name' | 'displayName'> {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1)
  const known = byName.get(fileName) ?? (ending === fileName ? undefined : byEnding.get(ending.toLowerCase()))
  if (known) return known
  const program = /^#!.*?([a-z]+)[\d.]*\s*$/.exec(firstLine)?.[1] ?? ''
  const name = { sh: 'bash', dash: 'bash', zsh: 'bash', node: 'javascript' }[program] ?? program
  return languages.find((one) => one.name === name) ?? plain
}
