import { cn } from '../lib/cn'

/** A glass dome over one plant. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={cn('size-6 text-accent', className)}
    >
      <path d="M5 20v-8a7 7 0 0 1 14 0v8M2.5 20h19M12 5V3" />
      <path d="M12 20v-6M12 14.5c0-2.2 1.3-3.5 3.5-3.5 0 2.2-1.3 3.5-3.5 3.5ZM12 17c0-1.7-1-2.7-2.8-2.7 0 1.7 1 2.7 2.8 2.7Z" />
    </svg>
  )
}

export function Logo() {
  return (
    <span className="inline-flex items-center gap-2">
      <Mark />
      <span className="font-semibold text-base tracking-tight">Cloche</span>
    </span>
  )
}
