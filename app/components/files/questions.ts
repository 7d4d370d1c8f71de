import { nameOf } from '../../files/paths'
import type { EntryRow } from '../../files/rows'
import { oneLine } from '../../lib/format'
import type { Translate } from '../../messages/texts'
import type { Question } from '../ui/confirm'

/**
 * Asked before an entry is deleted for good.
 * @param why it cannot be put into the trash; null when nobody wanted that
 */
export function deleteQuestion(
  { entry }: EntryRow,
  why: string | null,
  run: () => Promise<void>,
  t: Translate,
): Question {
  const because = (text: string) => (why === null ? text : t('files.notTrashed', { why, text }))
  const title = t('files.askToDelete', { name: oneLine(entry.name) })
  if (entry.type === 'directory') {
    return { title, text: because(t('files.deleteFolderText')), action: t('files.deleteFolder'), run }
  }
  if (entry.type === 'symlink') {
    return { title, text: because(t('files.deleteLinkText')), action: t('files.deleteLink'), run }
  }
  return { title, text: because(t('files.deleteFileText')), action: t('files.deleteFile'), run }
}

/** Asked before what is in the trash is deleted. */
export function emptyQuestion(run: () => Promise<void>, t: Translate): Question {
  return { title: t('files.askToEmpty'), text: t('files.emptyText'), action: t('files.emptyTrash'), run }
}

/** Asked before an upload replaces what has the same name. */
export function replaceQuestion(
  directory: string,
  taken: readonly string[],
  run: () => Promise<void>,
  t: Translate,
): Question {
  const named = taken.slice(0, 3).map((name) => t('files.replaceQuote', { name: oneLine(name) }))
  return {
    title:
      taken.length === 1
        ? t('files.askToReplace', { name: oneLine(taken[0] ?? '') })
        : t('files.askToReplaceMany', { count: taken.length }),
    text: t('files.replaceText', {
      directory: oneLine(nameOf(directory)),
      names: named.join(t('files.replaceQuoteJoin')),
      more: String(taken.length > named.length),
    }),
    action: t('files.replace'),
    run,
  }
}
