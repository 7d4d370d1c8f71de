import { CircleAlert, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from '../../lib/cn'

const looks = {
  info: { icon: Info, className: 'bg-hover text-ink [&>svg]:text-muted' },
  warn: { icon: TriangleAlert, className: 'bg-warn-soft text-ink [&>svg]:text-warn' },
  bad: { icon: CircleAlert, className: 'bg-bad-soft text-ink [&>svg]:text-bad' },
} as const

/** A sentence that needs to be seen, with what can be done about it. */
export function Notice({
  tone,
  children,
  action,
}: {
  tone: keyof typeof looks
  children: ReactNode
  action?: ReactNode
}) {
  const { icon: Icon, className } = looks[tone]
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={cn('flex items-start gap-2.5 rounded-md px-3 py-2 [&>svg]:mt-0.5 [&>svg]:size-4', className)}
    >
      <Icon aria-hidden className="shrink-0" />
      <div className="min-w-0 flex-1 break-words">{children}</div>
      {action}
    </div>
  )
}
