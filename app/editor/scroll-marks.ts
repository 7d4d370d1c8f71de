import { forEachDiagnostic } from '@codemirror/lint'
import { getSearchQuery, searchPanelOpen } from '@codemirror/search'
import type { EditorState } from '@codemirror/state'
import { EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { baseline, rangesChanged, type TextRange, unsavedRanges } from './changed-lines'

/** Of the same place, the first is on top. */
const kinds = ['error', 'warning', 'info', 'match', 'unsaved', 'changed'] as const
type Kind = (typeof kinds)[number]

interface Mark extends TextRange {
  readonly kind: Kind
}

/** After a change, marks are looked for when there was none for so long. */
const quietMs = 150
const matchesMax = 2000
/** Further down in a file is not searched for marks. */
const searchedMax = 2_000_000
const thinPx = 3
const shownMax = 400

/** Beside the scroll bar: where problems, matches of the search, and lines are that are not saved or not in git. */
class ScrollMarks {
  readonly #dom = document.createElement('div')
  #marks: readonly Mark[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(private readonly view: EditorView) {
    this.#dom.className = 'cm-scroll-marks'
    this.#dom.ariaHidden = 'true'
    view.dom.append(this.#dom)
    this.#look()
  }

  update({ docChanged, geometryChanged, transactions, startState, state }: ViewUpdate): void {
    const told = transactions.some(({ effects }) => effects.length > 0)
    if (docChanged || told || getSearchQuery(startState) !== getSearchQuery(state)) this.#look()
    else if (geometryChanged) this.#draw()
  }

  destroy(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#dom.remove()
  }

  #look(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(async () => {
      const { state } = this.view
      const changed = await rangesChanged(state).catch(() => [])
      if (this.#closed || this.view.state.doc !== state.doc) return
      this.#marks = [
        ...marksIn(this.view.state),
        ...changed.map((range) => ({ ...range, kind: 'changed' as const })),
      ]
      this.#draw()
    }, quietMs)
  }

  #draw(): void {
    this.view.requestMeasure({
      key: this,
      read: (view) => this.#measure(view),
      write: ({ top, height, right, places }) => {
        const { style } = this.#dom
        style.top = `${top}px`
        style.height = `${height}px`
        style.right = `${right}px`
        this.#dom.replaceChildren(...places.map(element))
      },
    })
  }

  #measure(view: EditorView): Measured {
    const { scrollDOM: scroller, documentPadding, state } = view
    const { clientHeight: height, scrollHeight, offsetTop: top } = scroller
    const scale = height / Math.max(1, scrollHeight)
    const end = state.doc.length
    const byPlace = new Map<string, Place>()
    for (const { from, to, kind } of this.#marks) {
      const [first, last] = [view.lineBlockAt(Math.min(from, end)), view.lineBlockAt(Math.min(to, end))]
      const start = Math.round((first.top + documentPadding.top) * scale)
      const length = Math.max(thinPx, Math.round((last.bottom - first.top) * scale))
      const known = byPlace.get(`${kind} ${start}`)
      byPlace.set(`${kind} ${start}`, { kind, start, length: Math.max(length, known?.length ?? 0) })
      if (byPlace.size === shownMax) break
    }
    return { top, height, right: scroller.offsetWidth - scroller.clientWidth, places: [...byPlace.values()] }
  }
}

interface Place {
  readonly kind: Kind
  readonly start: number
  readonly length: number
}

interface Measured {
  readonly top: number
  readonly height: number
  readonly right: number
  readonly places: readonly Place[]
}

function element({ kind, start, length }: Place): HTMLElement {
  const made = document.createElement('div')
  made.className = `cm-scroll-mark cm-scroll-mark-${kind}`
  made.style.top = `${start}px`
  made.style.height = `${length}px`
  return made
}

function marksIn(state: EditorState): Mark[] {
  const marks: Mark[] = []
  forEachDiagnostic(state, ({ severity }, from, to) => {
    if (severity !== 'hint') marks.push({ from, to, kind: severity })
  })
  const query = getSearchQuery(state)
  if (searchPanelOpen(state) && query.valid) {
    const matches = query.getCursor(state, 0, Math.min(state.doc.length, searchedMax))
    for (let count = 0; count < matchesMax; count++) {
      const { done, value } = matches.next()
      if (done) break
      marks.push({ from: value.from, to: value.to, kind: 'match' })
    }
  }
  for (const range of state.field(unsavedRanges)) marks.push({ ...range, kind: 'unsaved' })
  return marks.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}

/** The page's own colours; each kind has its side, so that colour is not all that tells them apart. */
const look = EditorView.theme({
  '.cm-scroll-marks': {
    position: 'absolute',
    width: '10px',
    pointerEvents: 'none',
    overflow: 'hidden',
    zIndex: '2',
  },
  '.cm-scroll-mark': { position: 'absolute', borderRadius: '1px' },
  '.cm-scroll-mark-error': { right: '0', width: '10px', backgroundColor: 'var(--bad)', zIndex: '3' },
  '.cm-scroll-mark-warning': { right: '0', width: '7px', backgroundColor: 'var(--warn)', zIndex: '2' },
  '.cm-scroll-mark-info': { right: '0', width: '4px', backgroundColor: 'var(--accent)', zIndex: '1' },
  '.cm-scroll-mark-match': { right: '2px', width: '5px', outline: '1px solid var(--warn)', zIndex: '2' },
  '.cm-scroll-mark-unsaved': { left: '0', width: '3px', backgroundColor: 'var(--ink)', zIndex: '2' },
  '.cm-scroll-mark-changed': { left: '0', width: '3px', backgroundColor: 'var(--accent)' },
})

export const scrollMarks = [unsavedRanges, baseline, ViewPlugin.fromClass(ScrollMarks), look]
