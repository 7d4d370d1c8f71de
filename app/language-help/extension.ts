import { autocompletion, type CompletionContext, type CompletionSource } from '@codemirror/autocomplete'
import { lintGutter } from '@codemirror/lint'
import { hoverTooltips, serverCompletionSource, signatureHelp } from '@codemirror/lsp-client'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

/** What a language server adds to the text of a file. */
export function helpIn(isRunning: () => boolean): Extension {
  return [
    autocompletion({ override: [completionOf(isRunning)] }),
    hoverTooltips({ hoverTime: 350 }),
    signatureHelp(),
    lintGutter(),
    look,
  ]
}

/** By the server while it runs, and by what the editor knows by itself while it does not. */
function completionOf(isRunning: () => boolean): CompletionSource {
  return async (context: CompletionContext) => {
    if (isRunning()) return serverCompletionSource(context)
    for (const source of context.state.languageDataAt<unknown>('autocomplete', context.pos)) {
      const found = typeof source === 'function' ? await source(context) : null
      if (found) return found
    }
    return null
  }
}

const underlined = (colour: string) => ({
  backgroundImage: 'none',
  textDecoration: `underline wavy var(--${colour}) 1px`,
  textUnderlineOffset: '3px',
})

/** The page's own colours. */
const look = EditorView.theme({
  '.cm-lintRange-error': underlined('bad'),
  '.cm-lintRange-warning': underlined('warn'),
  '.cm-lintRange-info': underlined('accent'),
  '.cm-lintRange-hint': { backgroundImage: 'none', opacity: '0.7' },
  '.cm-gutter-lint': { width: '0.9rem' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0.3em 0.15em' },
  '.cm-lint-marker': { width: '0.6rem', height: '0.6rem', content: '""', borderRadius: '50%' },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--bad)' },
  '.cm-lint-marker-warning': { content: '""', backgroundColor: 'var(--warn)', borderRadius: '1px' },
  '.cm-lint-marker-info, .cm-lint-marker-hint': { content: '""', backgroundColor: 'var(--accent)' },
  '.cm-diagnostic': { borderLeft: '3px solid var(--accent)', fontFamily: 'var(--font-sans)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnosticSource': { color: 'var(--muted)', opacity: '1' },
  '.cm-tooltip-hover': { maxWidth: 'min(40rem, 90vw)', maxHeight: '50vh', overflow: 'auto' },
  '.cm-lsp-documentation pre': { whiteSpace: 'pre-wrap', fontFamily: 'var(--font-mono)' },
  '.cm-lsp-documentation a': { color: 'var(--accent)', textDecoration: 'underline' },
  '.cm-completionDetail': { color: 'var(--muted)' },
  '.cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail': { color: 'inherit' },
})
