'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Scroll } from '../../components/ui/scroll'
import { bytes } from '../../lib/format'
import type { Output } from '../../lib/protocol-runs'
import { bytesOf, hexRows } from './text'

/** Longer text is laid out only when it is asked for. */
const shortLength = 50_000
const hexBytes = 256

/** What a program printed, as text and nothing else. Bytes that are no text are said to be, and begin in hexadecimal. */
export function OutputView({ label, output }: { label: string; output: Output }) {
  const t = useTranslations()
  const [whole, setWhole] = useState(false)
  const binary = output.encoding === 'base64'
  const long = !binary && !whole && output.content.length > shortLength
  const text = binary ? hexRows(bytesOf(output.content, hexBytes)) : output.content
  return (
    <figure className="grid min-w-0 gap-1">
      <figcaption className="flex justify-between gap-3 text-xs">
        <span className="font-medium">{label}</span>
        <span className="tabular text-muted">{bytes(output.bytes)}</span>
      </figcaption>
      {binary && (
        <p className="text-muted text-xs">
          {text && output.bytes > hexBytes
            ? t('runs.binaryFirst', { count: output.bytes, first: String(hexBytes) })
            : t('runs.binary', { count: output.bytes })}
        </p>
      )}
      {text && (
        <Scroll label={label} className="max-h-96 px-3 py-2">
          <pre
            className={
              binary ? 'font-mono text-xs' : 'whitespace-pre-wrap break-words font-mono text-xs leading-5'
            }
          >
            {long ? text.slice(0, shortLength) : text}
          </pre>
        </Scroll>
      )}
      {long && (
        <Button look="quiet" size="small" className="justify-self-start" onClick={() => setWhole(true)}>
          {t('runs.showAll')}
        </Button>
      )}
      {output.truncated && text && !binary && (
        <p className="text-muted text-xs">{t('runs.truncated', { size: bytes(output.bytes) })}</p>
      )}
    </figure>
  )
}

/** Both streams of a step; whoever printed nothing is said to. */
export function Streams({ stdout, stderr, ended }: { stdout: Output; stderr: Output; ended: boolean }) {
  const t = useTranslations()
  if (stdout.bytes === 0 && stderr.bytes === 0) {
    return <p className="text-muted text-xs">{t(ended ? 'runs.noOutput' : 'runs.noOutputYet')}</p>
  }
  return (
    <div className="grid gap-3">
      {stdout.bytes > 0 && <OutputView label="stdout" output={stdout} />}
      {stderr.bytes > 0 && <OutputView label="stderr" output={stderr} />}
    </div>
  )
}
