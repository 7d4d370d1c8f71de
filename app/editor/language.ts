interface FileLanguage {
  /** As `syntaxOf` knows it. */
  readonly name: string
  readonly title: string
  /** Endings of its files. */
  readonly files: string
  /** Whole names of some. */
  readonly names?: string
}

const languages: readonly FileLanguage[] = [
  { name: 'python', title: 'Python', files: 'py pyi pyw' },
  { name: 'javascript', title: 'JavaScript', files: 'js mjs cjs jsx' },
  { name: 'typescript', title: 'TypeScript', files: 'ts mts cts' },
  { name: 'tsx', title: 'TypeScript JSX', files: 'tsx' },
  { name: 'c', title: 'C', files: 'c h' },
  { name: 'cpp', title: 'C++', files: 'cpp cc cxx hpp hh hxx ino' },
  { name: 'java', title: 'Java', files: 'java' },
  { name: 'go', title: 'Go', files: 'go' },
  { name: 'rust', title: 'Rust', files: 'rs' },
  { name: 'php', title: 'PHP', files: 'php' },
  { name: 'html', title: 'HTML', files: 'html htm xhtml vue svelte' },
  { name: 'css', title: 'CSS', files: 'css' },
  { name: 'json', title: 'JSON', files: 'json jsonc webmanifest ipynb' },
  { name: 'markdown', title: 'Markdown', files: 'md markdown' },
  { name: 'yaml', title: 'YAML', files: 'yaml yml' },
  { name: 'sql', title: 'SQL', files: 'sql' },
  { name: 'ruby', title: 'Ruby', files: 'rb', names: 'Gemfile Rakefile' },
  { name: 'perl', title: 'Perl', files: 'pl pm' },
  {
    name: 'bash',
    title: 'Shell',
    files: 'sh bash zsh',
    names: '.bashrc .profile .bash_profile .bash_logout .zshrc',
  },
  { name: 'toml', title: 'TOML', files: 'toml' },
  { name: 'ini', title: 'INI', files: 'ini cfg conf properties env', names: '.env' },
  { name: 'dockerfile', title: 'Dockerfile', files: 'dockerfile', names: 'Dockerfile Containerfile' },
]

const mapOf = (words: (one: FileLanguage) => string | undefined) =>
  new Map(languages.flatMap((one) => (words(one)?.split(' ') ?? []).map((word) => [word, one] as const)))
const byEnding = mapOf(({ files }) => files)
const byName = mapOf(({ names }) => names)
const plain = { name: 'text', title: 'Plain text' }

/** The language of a file by its name, or by the interpreter that its first line names. */
export function languageOf(fileName: string, firstLine = ''): Pick<FileLanguage, 'name' | 'title'> {
  const ending = fileName.slice(fileName.lastIndexOf('.') + 1)
  const known = byName.get(fileName) ?? (ending === fileName ? undefined : byEnding.get(ending.toLowerCase()))
  if (known) return known
  const program = /^#!.*?([a-z]+)[\d.]*\s*$/.exec(firstLine)?.[1] ?? ''
  const name = { sh: 'bash', dash: 'bash', zsh: 'bash', node: 'javascript' }[program] ?? program
  return languages.find((one) => one.name === name) ?? plain
}
