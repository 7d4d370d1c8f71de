'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { parse } from 'papaparse'
import { useMemo, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'

const columnsMax = 200
const rowPx = 28

/** Comma-separated values: the separator is found out. Only the rows that are in sight are drawn. */
export function Table({ text, name }: { text: string; name: string }) {
  const t = useTranslations()
  const rows = useMemo(() => parse<string[]>(text, { skipEmptyLines: true }).data, [text])
  const scroller = useRef<HTMLElement>(null)
  const [head = [], ...body] = rows
  const virtual = useVirtualizer({
    count: body.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 20,
  })
  const items = virtual.getVirtualItems()
  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  const columns = Math.min(columnsMax, Math.max(head.length, ...body.slice(0, 100).map((row) => row.length)))
  const cells = Array.from({ length: columns }, (_, column) => column)
  if (rows.length === 0) return <p className="p-4 text-muted">{t('viewers.emptyTable')}</p>
  return (
    <section
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
      tabIndex={0}
      aria-label={oneLine(name)}
      className="min-h-0 flex-1 overflow-auto"
    >
      <table className="border-collapse text-xs" aria-rowcount={rows.length}>
        <thead className="sticky top-0 bg-ground">
          <tr style={{ height: rowPx }}>
            <th className="border-line border-b px-2 text-right font-normal text-muted">
              <span className="sr-only">{t('viewers.row')}</span>
            </th>
            {cells.map((column) => (
              <th
                key={column}
                scope="col"
                className="whitespace-nowrap border-line border-b px-2 text-left font-semibold"
              >
                {oneLine(head[column] ?? '', 200)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map(({ index }) => (
            <tr key={index} aria-rowindex={index + 2} style={{ height: rowPx }} className="hover:bg-hover">
              <td className="tabular px-2 text-right text-muted">{index + 1}</td>
              {cells.map((column) => (
                <td key={column} className="whitespace-nowrap border-line border-b px-2">
                  {oneLine(body[index]?.[column] ?? '', 200)}
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
    </section>
  )
}
