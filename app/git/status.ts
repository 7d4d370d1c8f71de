/** What happened to a file, in the words of git. */
export type ChangeKind =
  | 'modified'
  | 'added'
  | 'deleted'
  | 'renamed'
  | 'copied'
  | 'type'
  | 'untracked'
  | 'conflict'

export interface Change {
  /** From the root of the repository; a directory that is untracked as a whole ends with a slash. */
  readonly path: string
  /** What a renamed or copied file was. */
  readonly from: string | null
  readonly kind: ChangeKind
}

export interface Status {
  /** null when no branch is checked out. */
  readonly branch: string | null
  /** The commit that is checked out, shortened; null before the first. */
  readonly commit: string | null
  /** Such as `origin/main`; null when the branch is not pushed anywhere. */
  readonly upstream: string | null
  /** Commits that the upstream does not have, and that only it has. */
  readonly ahead: number
  readonly behind: number
  /** What the next commit has. */
  readonly staged: readonly Change[]
  /** What it does not have. */
  readonly unstaged: readonly Change[]
  readonly conflicts: readonly Change[]
}

const kinds: Readonly<Record<string, ChangeKind>> = {
  ...{ M: 'modified', A: 'added', D: 'deleted', R: 'renamed', C: 'copied', T: 'type' },
}

/**
 * Reads `git status --porcelain=v2 --branch -z`.
 * @see https://git-scm.com/docs/git-status#_porcelain_format_version_2
 */
export function parseStatus(text: string): Status {
  const [staged, unstaged, conflicts]: [Change[], Change[], Change[]] = [[], [], []]
  const head = new Map<string, string>()
  const lines = text.split('\0').values()
  for (const line of lines) {
    const [type = '', states = ''] = line.split(' ', 2)
    if (type === '#') {
      const space = line.indexOf(' ', 2)
      head.set(line.slice(2, space), line.slice(space + 1))
    } else if (type === '?') unstaged.push({ path: line.slice(2), from: null, kind: 'untracked' })
    else if (type === 'u') conflicts.push({ path: after(line, 10), from: null, kind: 'conflict' })
    else if (type === '1' || type === '2') {
      const path = after(line, type === '1' ? 8 : 9)
      // Of what was renamed, the old name is a line of its own.
      const from = type === '2' ? (lines.next().value ?? null) : null
      const [index, tree] = [kinds[states[0] ?? ''], kinds[states[1] ?? '']]
      if (index) staged.push({ path, from, kind: index })
      if (tree) unstaged.push({ path, from: tree === 'renamed' ? from : null, kind: tree })
    }
  }
  const [, ahead = '0', behind = '0'] = /^\+(\d+) -(\d+)$/.exec(head.get('branch.ab') ?? '') ?? []
  const [branch, commit] = [head.get('branch.head'), head.get('branch.oid')]
  return {
    branch: branch === undefined || branch === '(detached)' ? null : branch,
    commit: commit === undefined || commit === '(initial)' ? null : commit.slice(0, 10),
    upstream: head.get('branch.upstream') ?? null,
    ahead: Number(ahead),
    behind: Number(behind),
    ...{ staged, unstaged, conflicts },
  }
}

/** What follows the given number of fields, spaces and all. */
function after(line: string, fields: number): string {
  let at = 0
  for (let field = 0; field < fields; field++) at = line.indexOf(' ', at) + 1
  return line.slice(at)
}
