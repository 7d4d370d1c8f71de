'use client'

import { useTranslations } from 'use-intl'
import { microseconds, oneLine } from '../../lib/format'
import type { StepResult, TestReport } from '../../lib/protocol-runs'
import { Figures } from './figures'
import { OutputView } from './output-view'

/** What the judge of a step or case said, and what the files about tests say. */
export function JudgeView({ result: { judge, report } }: { result: StepResult }) {
  const t = useTranslations()
  return (
    <>
      {judge && (
        <section aria-label={t('runs.judge')} className="grid min-w-0 gap-2">
          <Figures
            figures={[
              [t('runs.judgePoints'), judge.points === null ? '–' : String(Number(judge.points.toFixed(4)))],
              [t('runs.judgeCpuTime'), microseconds(judge.cpuUs)],
            ]}
          />
          {judge.message && <p className="whitespace-pre-wrap break-words text-xs">{judge.message}</p>}
          {judge.report && <Tests report={judge.report} />}
          {judge.stderr.bytes > 0 && <OutputView label={t('runs.judgeStderr')} output={judge.stderr} />}
        </section>
      )}
      {report && <Tests report={report} />}
    </>
  )
}

function Tests({ report: { tests, passed, total, problem, truncated } }: { report: TestReport }) {
  const t = useTranslations()
  if (problem !== null)
    return <p className="text-muted text-xs">{t('runs.reportProblem', { why: oneLine(problem, 1000) })}</p>
  return (
    <figure className="grid min-w-0 gap-1">
      <figcaption className="font-medium text-xs">
        {t('runs.testsPassed', { passed: String(passed), total: String(total) })}
      </figcaption>
      <ul className="grid gap-1 text-xs">
        {tests.map((test, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two tests may have one name, and they never move
          <li key={at} className="min-w-0">
            <span className={test.status === 'failed' || test.status === 'error' ? 'text-bad' : 'text-muted'}>
              {t(`runs.testStatuses.${test.status}`)}
            </span>{' '}
            <span className="break-words">{oneLine(test.name)}</span>
            {test.message && <pre className="whitespace-pre-wrap break-words font-mono">{test.message}</pre>}
          </li>
        ))}
      </ul>
      {truncated && <p className="text-muted text-xs">{t('runs.testsTruncated')}</p>}
    </figure>
  )
}
