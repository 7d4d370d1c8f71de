import { parseIgnored } from '../../lib/protocol-builds'
import { type TarFile, tarOf } from '../../lib/tar'
import { TextError } from '../../lib/text-error'

/** What is built, as the form has it. */
export type ContextDraft =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'folder'; readonly files: readonly File[] }
  | { readonly kind: 'archive'; readonly file: File | null }

/** A folder of a browser does not say which of its files are programs, so all of them may be run, as with Docker on Windows. */
const mode = 0o755

/**
 * What is sent: a Dockerfile by itself, a folder without what its `.dockerignore` names, or an archive as it is.
 * @throws TextError when there is nothing to send
 */
export async function contextOf(draft: ContextDraft, dockerfile: string): Promise<Blob> {
  if (draft.kind === 'text') {
    const content = new Blob([draft.text.replaceAll('\r\n', '\n')])
    return tarOf([{ path: dockerfile, content, mode: 0o644 }])
  }
  if (draft.kind === 'archive') {
    if (draft.file === null) throw new TextError('builds.noArchive')
    return draft.file
  }
  const files = draft.files.map((content): TarFile => ({ path: pathOf(content), content, mode }))
  if (files.length === 0) throw new TextError('builds.noFolder')
  const named = [`${dockerfile}.dockerignore`, '.dockerignore']
  const rules = named.flatMap((path) => files.filter((file) => file.path === path)).at(0)
  const ignored = parseIgnored((await rules?.content.text()) ?? '')
  // The Dockerfile is needed whatever is said of it.
  const kept = new Set([dockerfile, ...named])
  return tarOf(files.filter(({ path }) => kept.has(path) || !ignored.has(path)))
}

/** Below the folder that was chosen. */
function pathOf({ webkitRelativePath, name }: File): string {
  const at = webkitRelativePath.indexOf('/')
  return at < 0 ? name : webkitRelativePath.slice(at + 1)
}
