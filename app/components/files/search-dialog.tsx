'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { FilesClient } from '../../files/client'
import { relativePath } from '../../files/paths'
import { oneLine } from '../../lib/format'
import type { SearchEnd, SearchMatch } from '../../lib/protocol'
import { useExplain } from '../../lib/use-explain'
import type { Translate } from '../../messages/texts'
import { Dialog, DialogBody } from '../ui/dialog'
import { Notice } from '../ui/notice'
import { SearchField } from '../ui/search-field'

/** Nobody reads more lines than that. */
const linesMax = 500
/** A search begins when so long no key was pressed. */
const pauseMs = 250
/** Lines come one by one, and are drawn together. */
const drawMs = 100

interface Found {
  readonly matches: readonly SearchMatch[]
  /** null while it goes on. */
  readonly end: SearchEnd | null
  readonly error: unknown
}

const nothing: Found = { matches: [], end: null, error: null }

/** Searches in the files of the sandbox. Whoever chooses a line goes on in the editor. */
export default function SearchDialog({
  open,
  onOpenChange,
  client,
  root,
  onFound,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  client: FilesClient
  root: string
  onFound: (match: SearchMatch) => void
}) {
  const t = useTranslations()
  const [query, setQuery] = useState('')
  const [matchCase, setMatchCase] = useState(false)
  const [regex, setRegex] = useState(false)
  const found = useSearch(client, root, open ? query : '', matchCase, regex)
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('files.search')} wide>
      <DialogBody>
        <SearchField
          label={t('files.textToFind')}
          name="query"
          placeholder={t('files.textToFind')}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          autoFocus
          autoComplete="off"
          spellCheck={false}
        />
        <div className="flex flex-wrap gap-x-5 gap-y-2">
          <Check label={t('files.matchCase')} checked={matchCase} onChange={setMatchCase} />
          <Check label={t('files.regex')} checked={regex} onChange={setRegex} />
        </div>
        {found && <Results found={found} root={root} onChoose={choose} />}
      </DialogBody>
    </Dialog>
  )

  function choose(match: SearchMatch) {
    onOpenChange(false)
    onFound(match)
  }
}

function useSearch(
  client: FilesClient,
  root: string,
  query: string,
  matchCase: boolean,
  regex: boolean,
): Found | null {
  const [found, setFound] = useState<Found | null>(null)
  useEffect(() => {
    setFound(null)
    if (query.trim() === '') return
    const stop = new AbortController()
    const matches: SearchMatch[] = []
    const draw = () => setFound({ ...nothing, matches: [...matches] })
    let drawing: ReturnType<typeof setInterval> | undefined
    const run = async () => {
      drawing = setInterval(draw, drawMs)
      const wanted = {
        ...{ query, path: root, regex: String(regex), limit: String(linesMax) },
        case: matchCase ? 'sensitive' : 'insensitive',
      }
      try {
        const searching = client.search(wanted, stop.signal)
        for (let next = await searching.next(); ; next = await searching.next()) {
          if (stop.signal.aborted) return
          if (next.done) return setFound({ matches, end: next.value, error: null })
          matches.push(next.value)
        }
      } catch (error) {
        if (!stop.signal.aborted) setFound({ matches, end: null, error })
      } finally {
        clearInterval(drawing)
      }
    }
    const begin = setTimeout(() => void run(), pauseMs)
    return () => {
      clearTimeout(begin)
      clearInterval(drawing)
      stop.abort()
    }
  }, [client, root, query, matchCase, regex])
  return found
}

function Results({
  found: { matches, end, error },
  root,
  onChoose,
}: {
  found: Found
  root: string
  onChoose: (match: SearchMatch) => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const files = new Map<string, SearchMatch[]>()
  for (const match of matches) files.set(match.path, [...(files.get(match.path) ?? []), match])
  return (
    <section aria-label={t('files.results')} className="grid gap-3">
      <p role="status" className="text-muted text-xs">
        {error ? '' : summary(matches.length, files.size, end, t)}
      </p>
      {error !== null && <Notice tone="bad">{explain(error)}</Notice>}
      {Array.from(files, ([path, lines]) => (
        <div key={path} className="min-w-0">
          <h3 className="truncate font-semibold text-xs">{oneLine(relativePath(path, root), 200)}</h3>
          <ul>
            {lines.map((match) => (
              <li key={match.line}>
                <button
                  type="button"
                  onClick={() => onChoose(match)}
                  className="flex w-full items-baseline gap-3 rounded px-1 py-0.5 text-left text-xs outline-offset-[-2px] hover:bg-hover pointer-coarse:py-2"
                >
                  <span className="tabular w-10 shrink-0 text-right text-muted">{match.line}</span>
                  <Line match={match} />
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  )
}

function summary(lines: number, files: number, end: SearchEnd | null, t: Translate): string {
  if (end === null) return lines === 0 ? t('files.searching') : t('files.searchingSoFar', { lines })
  if (lines === 0) return t('files.noMatches')
  return t(end.truncated ? 'files.foundPart' : 'files.foundLines', { lines, files })
}

/** The line without its indentation, with what was found marked. */
function Line({ match: { text, ranges } }: { match: SearchMatch }) {
  const from = Math.min(text.length - text.trimStart().length, ranges[0]?.start ?? 0)
  const pieces: { text: string; marked: boolean; at: number }[] = []
  let at = from
  for (const { start, end } of ranges) {
    pieces.push(
      { text: text.slice(at, start), marked: false, at },
      { text: text.slice(start, end), marked: true, at: start },
    )
    at = end
  }
  pieces.push({ text: text.slice(at), marked: false, at })
  return (
    <span className="min-w-0 truncate whitespace-pre font-mono">
      {pieces.map((piece) =>
        piece.marked ? (
          <mark key={`${piece.at} marked`} className="rounded-sm bg-accent-soft text-ink">
            {oneLine(piece.text, 500)}
          </mark>
        ) : (
          <span key={piece.at}>{plain(piece.text)}</span>
        ),
      )}
    </span>
  )
}

/** Characters that turn the direction or are not printed are shown as spaces. */
const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')

function Check({
  label,
  checked,
  onChange,
}: {
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <label className="flex items-center gap-2">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  )
}
