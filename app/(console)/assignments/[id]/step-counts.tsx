'use client'

import { useTranslations } from 'use-intl'
import { Panel } from '../../../components/ui/panel'
import { oneLine } from '../../../lib/format'
import type { Assignment, StudentWork } from '../../../lib/protocol-assignments'

/** How many have passed each step: where a class is stuck. */
export function StepCounts({ steps, work }: { steps: Assignment['steps']; work: readonly StudentWork[] }) {
  const t = useTranslations()
  const begun = work.filter(({ state }) => state === 'started')
  return (
    <Panel title={t('assignmentPage.stepCounts')}>
      <ol className="grid gap-x-6 gap-y-3 p-4 sm:grid-cols-2">
        {steps
          .filter(({ checked }) => checked)
          .map(({ id, title }) => {
            const passed = begun.filter(({ progress }) => progress.some((one) => one.id === id && one.passed))
            return (
              <li key={id} className="grid gap-1">
                <span className="flex justify-between gap-3">
                  <span className="min-w-0 truncate">{oneLine(title, 200)}</span>
                  <span className="tabular shrink-0 text-muted">
                    {t('assignmentPage.passedOf', { passed: passed.length, begun: begun.length })}
                  </span>
                </span>
                <span aria-hidden className="h-1 overflow-hidden rounded-full bg-line">
                  <span
                    className="block h-full rounded-full bg-accent"
                    style={{ width: `${(100 * passed.length) / begun.length}%` }}
                  />
                </span>
              </li>
            )
          })}
      </ol>
    </Panel>
  )
}
