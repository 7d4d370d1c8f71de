/**
 * Directories that are not handed in, wherever they are: what a program downloads or makes again, and version control, whose history is
 * many times what is to be graded.
 */
const directories: ReadonlySet<string> = new Set([
  ...[
    '.git',
    '.hg',
    '.svn',
    'node_modules',
    '.pnpm-store',
    '.npm',
    '.yarn',
    '.cache',
    '__pycache__',
    '.venv',
  ],
  ...[
    '.tox',
    '.mypy_cache',
    '.pytest_cache',
    '.ruff_cache',
    '.ipynb_checkpoints',
    '.gradle',
    '.m2',
    '.cargo',
    '.rustup',
  ],
])
/** At the top of the home directory: settings, histories and keys of a person, not of their work. */
const atHome: ReadonlySet<string> = new Set([
  ...[
    '.ssh',
    '.gnupg',
    '.local',
    '.config',
    '.vscode-server',
    '.npmrc',
    '.netrc',
    '.git-credentials',
    '.gitconfig',
  ],
  ...[
    '.bashrc',
    '.bash_logout',
    '.bash_profile',
    '.profile',
    '.zshrc',
    '.zprofile',
    '.inputrc',
    '.selected_editor',
  ],
  ...[
    '.bash_history',
    '.zsh_history',
    '.python_history',
    '.node_repl_history',
    '.sqlite_history',
    '.psql_history',
  ],
  ...['.lesshst', '.viminfo', '.wget-hsts', '.sudo_as_admin_successful', '.hushlogin', '.Xauthority'],
])

/** What is left out of the submissions for an assignment. */
export interface Exclusions {
  /** Names of directories that the node need not pack. */
  readonly names: readonly string[]
  /** @returns the part of the path that is left out; undefined when it is handed in */
  of(path: string): string | undefined
}

/** @param given paths of the starter files: what an assignment gives is handed in, whatever it is called */
export function exclusionsOf(given: readonly string[]): Exclusions {
  const steps = new Set(given.flatMap((path) => path.split('/').slice(0, -1)))
  const tops = new Set(given.map((path) => path.split('/')[0] ?? ''))
  const anywhere = new Set([...directories].filter((name) => !steps.has(name)))
  const home = new Set([...atHome].filter((name) => !tops.has(name)))
  return {
    names: [...anywhere],
    of(path) {
      const all = path.split('/')
      if (home.has(all[0] ?? '')) return all[0]
      const at = all.findIndex((step) => anywhere.has(step))
      return at < 0 ? undefined : all.slice(0, at + 1).join('/')
    },
  }
}
