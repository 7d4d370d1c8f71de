'use client'

import { CircleX, Info, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { homePath, nameOf, relativePath } from '../../files/paths'
import type { Panel } from '../../language-help/help-tools'
import type { Location } from '../../language-help/messages'
import { listed } from '../../language-help/problems'
import { cn } from '../../lib/cn'
import { oneLine } from '../../lib/format'
import { useStore } from '../../terminal/use-store'
import { useHelp } from './context'
import FixesPanel from './fixes-panel'
import { ListPanel } from './list-panel'

/** More are not shown. */
const shownMax = 500

const icons = {
  error: { icon: CircleX, className: 'text-bad' },
  warning: { icon: TriangleAlert, className: 'text-warn' },
  info: { icon: Info, className: 'text-accent' },
  hint: { icon: Info, className: 'text-muted' },
} as const

interface Line {
  readonly key: string
  readonly place: Location
  readonly severity: keyof typeof icons | null
  readonly text: string
  readonly detail: string
}

/** Below the text: what is wrong in all files that a server knows, where something is used, or what can be done about it. */
export default function ProblemsPanel({ panel }: { panel: Panel }) {
  return panel === 'fixes' ? <FixesPanel /> : <PlacesPanel panel={panel} />
}

function PlacesPanel({ panel }: { panel: 'problems' | 'references' }) {
  const t = useTranslations()
  const help = useHelp()
  const problems = listed(useStore(help.problems))
  const references = useStore(help.references)
  const files: readonly (readonly [string, readonly Line[]])[] =
    panel === 'problems'
      ? problems.map(([path, some]) => [
          path,
          some.map(({ severity, message, origin, range }, at) => ({
            ...{ key: `${path} ${at}`, place: { path, range }, severity, text: message, detail: origin },
          })),
        ])
      : grouped(references?.places ?? [])
  const count = files.reduce((sum, [, lines]) => sum + lines.length, 0)
  let left = shownMax
  const title =
    panel === 'problems'
      ? t('language.problems')
      : t('language.usesOf', { name: oneLine(references?.name ?? '') })
  return (
    <ListPanel title={title} count={count}>
      {count === 0 && <p className="px-3 py-2 text-muted">{t('language.noProblems')}</p>}
      {files.map(([path, lines]) => {
        const some = lines.slice(0, left)
        left -= some.length
        if (some.length === 0) return null
        const directory = relativePath(path.slice(0, path.lastIndexOf('/')), homePath)
        return (
          <div key={path}>
            <h3 className="truncate px-3 py-0.5">
              <span className="font-semibold">{oneLine(nameOf(path), 120)}</span>
              {directory !== homePath && <span className="ml-2 text-muted">{oneLine(directory, 200)}</span>}
            </h3>
            <ul>
              {some.map((line) => (
                <li key={line.key}>
                  <LineButton line={line} onChoose={() => help.show(path, startOf(line.place))} />
                </li>
              ))}
            </ul>
          </div>
        )
      })}
      {count > shownMax && (
        <p className="px-3 py-1 text-muted">{t('language.more', { count: count - shownMax })}</p>
      )}
    </ListPanel>
  )
}

const startOf = ({ range }: Location) => ({
  line: range.start.line + 1,
  column: range.start.character + 1,
})

function LineButton({ line, onChoose }: { line: Line; onChoose: () => void }) {
  const t = useTranslations()
  const look = line.severity && icons[line.severity]
  const { line: at, column } = startOf(line.place)
  return (
    <button
      type="button"
      data-line
      onClick={onChoose}
      className="flex w-full items-baseline gap-2 px-3 py-1 text-left hover:bg-hover focus-visible:-outline-offset-2 pointer-coarse:py-2"
    >
      {look && line.severity && (
        <>
          <look.icon aria-hidden className={cn('size-3.5 shrink-0 translate-y-0.5', look.className)} />
          <span className="sr-only">{t(`language.severities.${line.severity}`)}</span>
        </>
      )}
      <span className={cn('min-w-0 break-words', look ? '' : 'truncate font-mono')}>{line.text}</span>
      <span className="shrink-0 text-muted">{oneLine(line.detail, 60)}</span>
      <span className="tabular ml-auto shrink-0 text-muted">
        {at}:{column}
      </span>
    </button>
  )
}

function grouped(
  places: readonly (Location & { readonly text: string })[],
): readonly (readonly [string, readonly Line[]])[] {
  const by = new Map<string, Line[]>()
  for (const [at, place] of places.entries()) {
    const lines = by.get(place.path) ?? []
    by.set(place.path, lines)
    lines.push({ key: String(at), place, severity: null, text: place.text, detail: '' })
  }
  return [...by]
}
