'use client'

import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { type Cell, type Output, parseNotebook, type Notebook as Read } from '../../viewers/notebook'
import { Notice } from '../ui/notice'
import { Markdown } from './markdown'

/** A Jupyter notebook to read, with what its cells printed and drew when it was saved. */
export function Notebook({ text }: { text: string }) {
  const t = useTranslations()
  const read = useMemo((): Read | null => {
    try {
      return parseNotebook(text)
    } catch {
      return null
    }
  }, [text])
  if (read === null) {
    return (
      <div className="p-3">
        <Notice tone="bad">{t('viewers.notANotebook')}</Notice>
      </div>
    )
  }
  return (
    <ol className="mx-auto grid w-full max-w-3xl gap-4 p-4">
      {read.cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells of a file that was read have no other name
        <li key={index} className="min-w-0">
          <CellView cell={cell} />
        </li>
      ))}
    </ol>
  )
}

function CellView({ cell: { kind, source, count, outputs } }: { cell: Cell }) {
  if (kind === 'markdown') return <Markdown text={source} />
  return (
    <div className="grid gap-2">
      <div className="flex gap-2">
        <span className="tabular w-8 shrink-0 pt-2 text-right font-mono text-muted text-xs">
          {kind === 'code' && `[${count ?? ' '}]`}
        </span>
        <Text text={source} className="border border-line bg-ground" />
      </div>
      {outputs.map((output, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <div key={index} className="min-w-0 pl-10">
          <OutputView output={output} />
        </div>
      ))}
    </div>
  )
}

function OutputView({ output }: { output: Output }) {
  const t = useTranslations()
  if (output.kind === 'unknown') return <p className="text-muted text-xs">{t('viewers.unknownOutput')}</p>
  if (output.kind === 'image') {
    // biome-ignore lint/performance/noImgElement: it is in the notebook
    return <img src={output.url} alt={t('viewers.drawing')} className="max-w-full bg-white" />
  }
  return <Text text={output.text} className={cn(output.failed && 'text-bad')} />
}

function Text({ text, className }: { text: string; className?: string }) {
  return (
    <pre
      className={cn(
        'min-w-0 flex-1 overflow-x-auto rounded-md px-3 py-2 font-mono text-xs leading-5',
        className,
      )}
    >
      {text}
    </pre>
  )
}
