'use client'

import { Fragment, useMemo, useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Scroll } from '../../../components/ui/scroll'
import { cn } from '../../../lib/cn'
import { isNarrow, onNarrow } from '../../../workspace/shown-panes'
import { type Hunk, hunksOf, type PatchLine, type PatchRow } from './patch'

/** More than a browser lays out at once. */
const rowsMax = 500

/** A file before and after, side by side; below each other where there is too little room for that. */
export function PatchView({ patch, name }: { patch: string; name: string }) {
  const t = useTranslations()
  const narrow = useSyncExternalStore(onNarrow, isNarrow, () => false)
  const [whole, setWhole] = useState(false)
  const hunks = useMemo(() => hunksOf(patch), [patch])
  const count = hunks.reduce((sum, { rows }) => sum + rows.length, 0)
  const shown = whole ? hunks : firstRows(hunks, rowsMax)
  return (
    <div className="grid min-w-0 gap-2 px-4 pb-3">
      <Scroll label={t('handIns.diffOf', { name })} className="max-h-[70vh]">
        <table className="w-full table-fixed font-mono text-xs leading-5 [&_td]:whitespace-pre-wrap [&_td]:break-words [&_td]:px-2 [&_td]:py-0">
          <colgroup>
            <col className="w-14" />
            <col />
            <col className="w-14" />
            <col />
          </colgroup>
          <thead className="sr-only">
            <tr>
              <th scope="col">{t('handIns.line')}</th>
              <th scope="col">{t('handIns.before')}</th>
              <th scope="col">{t('handIns.line')}</th>
              <th scope="col">{t('handIns.after')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ rows }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts of a patch have nothing else, and never move
              <Fragment key={at}>
                {at > 0 && (
                  <tr aria-hidden>
                    <td colSpan={4} className="border-line border-y bg-surface text-center text-muted">
                      ⋯
                    </td>
                  </tr>
                )}
                {narrow ? <Below rows={rows} /> : <Beside rows={rows} />}
              </Fragment>
            ))}
          </tbody>
        </table>
      </Scroll>
      {count > rowsMax && !whole && (
        <Button look="quiet" size="small" className="justify-self-start" onClick={() => setWhole(true)}>
          {t('handIns.showAll', { count })}
        </Button>
      )}
    </div>
  )
}

function Beside({ rows }: { rows: readonly PatchRow[] }) {
  return rows.map(({ before, after, differs }) => (
    <tr key={`${before?.number} ${after?.number}`} className="align-top">
      <Side line={before} look={differs && before ? 'removed' : 'same'} />
      <Side line={after} look={differs && after ? 'added' : 'same'} />
    </tr>
  ))
}

/** All that went before all that came in its place, as `diff -u` has it. */
function Below({ rows }: { rows: readonly PatchRow[] }) {
  return inOrder(rows).map(({ line, look }) => (
    <tr key={`${look} ${line.number}`} className="align-top">
      <Side line={line} look={look} span={3} />
    </tr>
  ))
}

function inOrder(rows: readonly PatchRow[]) {
  const lines: { line: PatchLine; look: Look }[] = []
  let added: PatchLine[] = []
  const flush = () => {
    lines.push(...added.map((line) => ({ line, look: 'added' as const })))
    added = []
  }
  for (const { before, after, differs } of rows) {
    if (!differs) flush()
    if (before) lines.push({ line: before, look: differs ? 'removed' : 'same' })
    if (differs && after) added.push(after)
  }
  flush()
  return lines
}

type Look = 'same' | 'removed' | 'added'
const looks = {
  same: { cell: '', number: 'text-muted', sign: '' },
  removed: { cell: 'bg-bad-soft', number: 'text-bad', sign: '−' },
  added: { cell: 'bg-accent-soft', number: 'text-accent', sign: '+' },
} as const

function Side({ line, look, span = 1 }: { line: PatchLine | null; look: Look; span?: number }) {
  const t = useTranslations()
  const { cell, number, sign } = looks[look]
  return (
    <>
      <td className={cn('tabular select-none text-right', cell, number)}>
        {line && `${sign} ${line.number}`}
      </td>
      <td colSpan={span} className={cn(cell, line === null && 'bg-hover')}>
        {look !== 'same' && <span className="sr-only">{t(`handIns.lines.${look}`)} </span>}
        {line?.text}
      </td>
    </>
  )
}

function firstRows(hunks: readonly Hunk[], most: number): Hunk[] {
  let left = most
  return hunks.flatMap(({ rows }) => {
    const some = rows.slice(0, Math.max(0, left))
    left -= rows.length
    return some.length === 0 ? [] : [{ rows: some }]
  })
}
