import { cva, type VariantProps } from 'class-variance-authority'
import { LoaderCircle } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from '../../lib/cn'

const button = cva(
  'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary: 'bg-accent text-on-accent enabled:hover:bg-accent-hover',
        plain: 'border border-edge/60 bg-surface text-ink enabled:hover:bg-hover',
        quiet: 'text-muted enabled:hover:bg-hover enabled:hover:text-ink',
        danger: 'border border-bad/50 bg-surface text-bad enabled:hover:bg-bad-soft',
      },
      size: {
        small: 'h-7 px-2 text-xs',
        normal: 'h-8 px-3 pointer-coarse:h-10',
        large: 'h-10 px-4',
        icon: 'size-8 pointer-coarse:size-10',
        iconSmall: 'size-7 pointer-coarse:size-9',
      },
    },
    defaultVariants: { look: 'plain', size: 'normal' },
  },
)

export type ButtonProps = ComponentProps<'button'> &
  VariantProps<typeof button> & {
    /** The work it started is not done: it spins, and cannot be pressed again. */
    readonly busy?: boolean
    /** Lends its looks to its only child, such as a link. */
    readonly asChild?: boolean
  }

export function Button({
  look,
  size,
  busy = false,
  asChild = false,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  if (asChild) {
    return (
      <Slot.Root className={cn(button({ look, size }), linkHover(look), className)} {...rest}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button
      type="button"
      className={cn(button({ look, size }), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  )
}

/** A link is never `:enabled`, so its hover is told apart. */
function linkHover(look: ButtonProps['look']): string {
  if (look === 'primary') return 'hover:bg-accent-hover'
  return look === 'danger' ? 'hover:bg-bad-soft' : 'hover:bg-hover hover:text-ink'
}
