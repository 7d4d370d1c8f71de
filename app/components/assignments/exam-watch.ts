import type { TellExamEvent } from '../../lib/protocol-exams'

/** What was copied in the workspace may be pasted in it: the last of these. */
const rememberedCopies = 50
/** Of one kind at most one is told in this time. */
const tellEveryMs = 2000

/**
 * Keeps what comes from outside out of a page, as far as a page can, and tells of it. Whoever uses other means than this page is not
 * seen here.
 *
 * @param prevents false: it is only told
 * @returns ends it
 */
export function guardExam(page: Window, prevents: boolean, tell: (event: TellExamEvent) => void): () => void {
  const ended = new AbortController()
  const { signal } = ended
  const copies: string[] = []
  const toldAt = new Map<string, number>()
  let isDraggedInside = false
  const say = (event: TellExamEvent) => {
    const now = performance.now()
    if (now - (toldAt.get(event.type) ?? -tellEveryMs) < tellEveryMs) return
    toldAt.set(event.type, now)
    tell(event)
  }
  const keepOut = (event: Event, type: 'paste' | 'drop', characters: number) => {
    if (prevents) {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    say({ type, prevented: prevents, characters })
  }
  const remember = (event: ClipboardEvent) => {
    // The editor and the terminal put there what they copy; elsewhere it is the selection.
    const text = event.clipboardData?.getData('text/plain') || String(page.getSelection() ?? '')
    if (text === '') return
    copies.push(normalized(text))
    copies.splice(0, copies.length - rememberedCopies)
  }
  page.addEventListener('copy', remember, { signal })
  page.addEventListener('cut', remember, { signal })
  const first = { signal, capture: true }
  page.addEventListener(
    'paste',
    (event) => {
      const text = event.clipboardData?.getData('text/plain') ?? ''
      const files = event.clipboardData?.files.length ?? 0
      if (text === '' && files === 0) return
      if (files === 0 && copies.includes(normalized(text))) return
      keepOut(event, 'paste', text.length)
    },
    first,
  )
  const drag = ({ type }: Event) => {
    isDraggedInside = type === 'dragstart'
  }
  page.addEventListener('dragstart', drag, first)
  page.addEventListener('dragend', drag, first)
  page.addEventListener(
    'drop',
    (event) => {
      if (!isDraggedInside) keepOut(event, 'drop', event.dataTransfer?.getData('text/plain').length ?? 0)
    },
    first,
  )
  page.document.addEventListener(
    'visibilitychange',
    () => tell({ type: page.document.visibilityState === 'hidden' ? 'leave' : 'return', prevented: false }),
    { signal },
  )
  return () => ended.abort()
}

/** Clipboards change line ends. */
const normalized = (text: string) => text.replaceAll('\r\n', '\n')
