import { type Extension, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view'
import { oneLine } from '../lib/format'
import type { OtherCursor } from './sides'
import { hueOf, hues } from './together'

/** Where others are now. */
export const setCursors = StateEffect.define<readonly OtherCursor[]>()

class Caret extends WidgetType {
  constructor(
    private readonly name: string,
    private readonly hue: number,
    private readonly at: number,
  ) {
    super()
  }

  override eq({ name, hue, at }: Caret): boolean {
    return name === this.name && hue === this.hue && at === this.at
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span')
    caret.className = `cm-otherCaret cm-otherHue${this.hue}`
    caret.ariaHidden = 'true'
    const name = document.createElement('span')
    name.className = 'cm-otherName'
    name.textContent = this.name
    caret.append('\u2060', name, '\u2060')
    return caret
  }

  override ignoreEvent(): boolean {
    return true
  }
}

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, { changes, effects, newDoc }) {
    for (const effect of effects) if (effect.is(setCursors)) return drawn(effect.value, newDoc.length)
    return before.map(changes)
  },
  provide: (field) => EditorView.decorations.from(field),
})

function drawn(cursors: readonly OtherCursor[], length: number): DecorationSet {
  const ranges = cursors.flatMap(({ person, anchor, head }) => {
    const hue = hueOf(person)
    const [from, to] = [Math.min(anchor, head, length), Math.min(Math.max(anchor, head), length)]
    const at = Math.min(head, length)
    const caret = Decoration.widget({
      widget: new Caret(oneLine(person.name, 40) || '?', hue, at),
      side: 1,
    }).range(at)
    if (from === to) return [caret]
    return [Decoration.mark({ class: `cm-otherSelection cm-otherHue${hue}` }).range(from, to), caret]
  })
  return Decoration.set(ranges, true)
}

const look = EditorView.baseTheme({
  ...Object.fromEntries(
    hues.map((hue) => [`.cm-otherHue${hue}`, { '--other': `oklch(0.55 0.16 ${hue})` }] as const),
  ),
  '.cm-otherSelection': { backgroundColor: 'color-mix(in oklab, var(--other) 25%, transparent)' },
  '.cm-otherCaret': {
    ...{ position: 'relative', display: 'inline', borderLeft: '2px solid var(--other)' },
    ...{ marginLeft: '-1px', marginRight: '-1px', pointerEvents: 'none' },
  },
  '.cm-otherName': {
    ...{
      position: 'absolute',
      bottom: '100%',
      left: '-2px',
      padding: '0 0.25rem',
      borderRadius: '3px 3px 3px 0',
    },
    ...{ backgroundColor: 'var(--other)', color: 'white', font: '600 0.625rem/1rem sans-serif' },
    ...{ whiteSpace: 'nowrap', zIndex: '5', animation: 'cm-otherName 3s forwards' },
  },
  // Above the first line there is no room.
  '.cm-line:first-child .cm-otherName': { bottom: 'auto', top: '100%', borderRadius: '0 3px 3px 3px' },
  '@keyframes cm-otherName': { '0%, 80%': { opacity: '1' }, '100%': { opacity: '0' } },
})

/** Shows cursors and selections of others, in their colours. */
export const cursorsOfOthers: Extension = [shown, look]
