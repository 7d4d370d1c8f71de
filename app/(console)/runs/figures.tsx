import { bytes, duration, microseconds } from '../../lib/format'
import type { Run, StepResult } from '../../lib/protocol'

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
export function stepFigures(step: StepResult): Figure[] {
  const { exitCode, signal, leftProcesses } = step
  return [
    ...(exitCode === null ? [] : [['Exit code', String(exitCode)] as const]),
    ...(signal === null ? [] : [['Signal', signal] as const]),
    ['Wall time', microseconds(step.wallUs)],
    ['CPU time', microseconds(step.cpuUs)],
    ['Peak memory', bytes(step.memoryPeakBytes)],
    ...(leftProcesses === 0 ? [] : [['Processes left running', String(leftProcesses)] as const]),
  ]
}

export function runFigures({ queuedMs, attempt, casesPassed, casesTotal, createdBy }: Run): Figure[] {
  return [
    ...(casesTotal === null ? [] : [['Cases passed', `${casesPassed ?? 0} of ${casesTotal}`] as const]),
    ...(queuedMs === null
      ? []
      : [['Queued', queuedMs < 1000 ? `${queuedMs} ms` : duration(queuedMs)] as const]),
    ...(attempt > 1 ? [['Attempt', String(attempt)] as const] : []),
    ...(createdBy === null ? [] : [['Created by', createdBy] as const]),
  ]
}
