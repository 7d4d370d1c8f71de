'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Scroll } from '../../components/ui/scroll'
import { bytes, count } from '../../lib/format'
import type { Output } from '../../lib/protocol'
import { bytesOf, hexRows } from './text'

/** Longer text is laid out only when it is asked for. */
const shortLength = 50_000
const hexBytes = 256

/** What a program printed, as text and nothing else. Bytes that are no text are said to be, and begin in hexadecimal. */
export function OutputView({ label, output }: { label: string; output: Output }) {
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
          Binary output, {count(output.bytes, 'byte')}
          {text && output.bytes > hexBytes && `; first ${hexBytes} bytes:`}
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
          Show all
        </Button>
      )}
      {output.truncated && text && !binary && (
        <p className="text-muted text-xs">Truncated. Total output: {bytes(output.bytes)}.</p>
      )}
    </figure>
  )
}

/** Both streams of a step; whoever printed nothing is said to. */
export function Streams({ stdout, stderr, ended }: { stdout: Output; stderr: Output; ended: boolean }) {
  if (stdout.bytes === 0 && stderr.bytes === 0) {
    return <p className="text-muted text-xs">{ended ? 'No output' : 'No output yet'}</p>
  }
  return (
    <div className="grid gap-3">
      {stdout.bytes > 0 && <OutputView label="stdout" output={stdout} />}
      {stderr.bytes > 0 && <OutputView label="stderr" output={stderr} />}
    </div>
  )
}
