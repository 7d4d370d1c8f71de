import { bytes, microseconds } from '../../lib/format'
import type { Run, StepResult } from '../../lib/protocol-runs'
import type { Format } from '../../lib/use-format'
import type { Translate } from '../../messages/texts'

type Figure = readonly [name: string, value: string]

export function Figures({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-1.5 text-xs">
      {figures.map(([name, value]) => (
        <div key={name} className="flex gap-1.5">
          <dt className="text-muted">{name}</dt>
          <dd className="tabular font-medium">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The program's own figures, not ours. */
export function stepFigures(step: StepResult, t: Translate): Figure[] {
  const { exitCode, signal, leftProcesses } = step
  return [
    ...(exitCode === null ? [] : [[t('runs.exitCode'), String(exitCode)] as const]),
    ...(signal === null ? [] : [[t('runs.signal'), signal] as const]),
    [t('runs.wallTime'), microseconds(step.wallUs)],
    [t('runs.cpuTime'), microseconds(step.cpuUs)],
    [t('runs.peakMemory'), bytes(step.memoryPeakBytes)],
    ...(leftProcesses === 0 ? [] : [[t('runs.processesLeft'), String(leftProcesses)] as const]),
  ]
}

export function runFigures(
  { queuedMs, attempt, casesPassed, casesTotal, createdBy }: Run,
  t: Translate,
  { duration }: Format,
): Figure[] {
  return [
    ...(casesTotal === null
      ? []
      : [
          [
            t('runs.casesPassed'),
            t('runs.of', { passed: String(casesPassed ?? 0), total: String(casesTotal) }),
          ] as const,
        ]),
    ...(queuedMs === null
      ? []
      : [
          [
            t('runs.queued'),
            queuedMs < 1000 ? t('runs.queuedMs', { value: String(queuedMs) }) : duration(queuedMs),
          ] as const,
        ]),
    ...(attempt > 1 ? [[t('runs.attempt'), String(attempt)] as const] : []),
    ...(createdBy === null ? [] : [[t('runs.createdBy'), createdBy] as const]),
  ]
}
