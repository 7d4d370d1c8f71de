import { cn } from '../../lib/cn'

/** How full something is. Amber from 75 %, red from 90 %; the text says it as well, so colour is never alone. */
export function Meter({
  label,
  share,
  text,
  showLabel = false,
}: {
  label: string
  /** 0 to 1; null when it is not known. */
  share: number | null
  text: string
  /** `narrow` shows the name on a narrow screen only, where no column's head says it. */
  showLabel?: boolean | 'narrow'
}) {
  const shown = Math.min(1, Math.max(0, share ?? 0))
  return (
    <div className="grid min-w-0 gap-1">
      <div className="flex min-w-0 justify-between gap-2 text-xs">
        {showLabel && (
          <span aria-hidden className={cn('text-muted', showLabel === 'narrow' && 'md:hidden')}>
            {label}
          </span>
        )}
        <span className="tabular truncate">{text}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: no two browsers let a <meter> be drawn the same */}
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(shown * 100)}
        aria-valuetext={text}
        className="h-1 overflow-hidden rounded-full bg-line"
      >
        <div
          className={cn(
            'h-full rounded-full transition-[width] duration-500',
            shown >= 0.9 ? 'bg-bad' : shown >= 0.75 ? 'bg-warn' : 'bg-accent',
          )}
          style={{ width: `${shown * 100}%` }}
        />
      </div>
    </div>
  )
}
