import type { Translate } from '../messages/texts'

/** What CodeMirror calls its own buttons, fields and announcements, by the English that it asks for. */
export function phrasesIn(t: Translate): Record<string, string> {
  return {
    '$ unchanged lines': t('editor.phrases.unchangedLines'),
    all: t('editor.phrases.all'),
    'by word': t('editor.phrases.byWord'),
    close: t('editor.phrases.close'),
    Completions: t('editor.phrases.completions'),
    'Control character': t('editor.phrases.controlCharacter'),
    'current match': t('editor.phrases.currentMatch'),
    Diagnostics: t('language.problems'),
    Find: t('editor.phrases.find'),
    'Fold line': t('editor.phrases.foldLine'),
    'folded code': t('editor.phrases.foldedCode'),
    'Folded lines': t('editor.phrases.foldedLines'),
    go: t('editor.phrases.go'),
    'Go to line': t('editor.phrases.goToLine'),
    'match case': t('editor.phrases.matchCase'),
    next: t('editor.phrases.next'),
    'No diagnostics': t('language.noProblems'),
    'on line': t('editor.phrases.onLine'),
    previous: t('editor.phrases.previous'),
    regexp: t('editor.phrases.regexp'),
    replace: t('editor.phrases.replace'),
    'replace all': t('editor.phrases.replaceAll'),
    Replace: t('editor.phrases.replaceField'),
    'replaced match on line $': t('editor.phrases.replacedMatchOnLine'),
    'replaced $ matches': t('editor.phrases.replacedMatches'),
    'Selection deleted': t('editor.phrases.selectionDeleted'),
    to: t('editor.phrases.to'),
    unfold: t('editor.phrases.unfold'),
    'Unfold line': t('editor.phrases.unfoldLine'),
    'Unfolded lines': t('editor.phrases.unfoldedLines'),
  }
}
