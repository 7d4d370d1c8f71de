'use client'

import { ChevronRight } from 'lucide-react'
import { Fragment, useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Table } from '../../components/ui/panel'
import { cn } from '../../lib/cn'
import { bytes, microseconds, oneLine } from '../../lib/format'
import type { RunState } from '../../lib/protocol-runs'
import { DiffView } from './diff-view'
import type { RunRequest } from './draft'
import { Figures, stepFigures } from './figures'
import { JudgeView } from './judge-view'
import { OutputView, Streams } from './output-view'
import type { CaseView } from './shown'
import { RunBadge } from './status'

type Asked = NonNullable<RunRequest['cases']>

/** Every case, green or red; the first that is not right is open. */
export function CaseTable({
  cases,
  asked,
  state,
}: {
  cases: readonly CaseView[]
  asked: Asked
  state: RunState
}) {
  const t = useTranslations()
  const [turned, setTurned] = useState<ReadonlyMap<number, boolean>>(new Map())
  const id = useId()
  const firstWrong = cases.find(({ result }) => result !== null && result.status !== 'ok')?.index
  return (
    <div className="border-line border-t">
      <Table
        label={t('runs.cases')}
        head={[
          ...[t('runs.case'), t('runs.result'), t('runs.wallTime'), t('runs.cpuTime')],
          t('runs.peakMemory'),
        ]}
      >
        {cases.map((view) => {
          const { index, result } = view
          const open = turned.get(index) ?? index === firstWrong
          const name = oneLine(asked[index]?.name ?? t('runs.caseNumber', { number: String(index + 1) }))
          return (
            <Fragment key={index}>
              <tr className={cn(result && (result.status === 'ok' ? 'bg-accent-soft' : 'bg-bad-soft'))}>
                <th scope="row" className="px-4 py-2 font-medium">
                  <button
                    type="button"
                    aria-expanded={open}
                    aria-controls={`${id}-${index}`}
                    onClick={() => setTurned(new Map(turned).set(index, !open))}
                    className="inline-flex items-center gap-1.5 whitespace-nowrap rounded text-left [&>svg]:size-4"
                  >
                    <ChevronRight aria-hidden className={cn('transition-transform', open && 'rotate-90')} />
                    {name}
                  </button>
                </th>
                <td>
                  <RunBadge
                    state={result === null && state === 'canceled' ? state : 'running'}
                    status={result?.status ?? null}
                  />
                </td>
                <td className="tabular whitespace-nowrap">{result ? microseconds(result.wallUs) : '–'}</td>
                <td className="tabular whitespace-nowrap">{result ? microseconds(result.cpuUs) : '–'}</td>
                <td className="tabular whitespace-nowrap">{result ? bytes(result.memoryPeakBytes) : '–'}</td>
              </tr>
              <tr id={`${id}-${index}`} hidden={!open}>
                <td colSpan={5}>{open && <Detail view={view} asked={asked[index]} />}</td>
              </tr>
            </Fragment>
          )
        })}
      </Table>
    </div>
  )
}

function Detail({ view, asked }: { view: CaseView; asked: Asked[number] | undefined }) {
  const t = useTranslations()
  const { result, stdout, stderr } = view
  const wrong =
    result?.status === 'wrong_answer' && result.judge === undefined && asked?.expected !== undefined
  return (
    <div className="sticky left-4 grid max-w-[calc(100vw-4rem)] gap-3 sm:static sm:max-w-none">
      {result && <Figures figures={stepFigures(result, t)} />}
      {result?.message && <p className="text-muted text-xs">{oneLine(result.message, 1000)}</p>}
      {result && <JudgeView result={result} />}
      {wrong && stdout.encoding === 'utf8' ? (
        <>
          <DiffView
            expected={asked.expected ?? ''}
            got={stdout.content}
            compare={asked.compare ?? 'trimmed'}
          />
          {stdout.truncated && (
            <p className="text-muted text-xs">{t('runs.truncated', { size: bytes(stdout.bytes) })}</p>
          )}
          {stderr.bytes > 0 && <OutputView label="stderr" output={stderr} />}
        </>
      ) : (
        <Streams stdout={stdout} stderr={stderr} ended={result !== null} />
      )}
    </div>
  )
}
