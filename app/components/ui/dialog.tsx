'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { Button } from './button'
import { FocusHome, FocusHomeContext, useFocusHome } from './focus-home'

export interface DialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly title: string
  readonly description?: ReactNode
  readonly wide?: boolean
  readonly children: ReactNode
}

const nowhere = new FocusHome()

/** A window over the page; on a phone, a sheet from below. Escape closes it, and the focus goes back where it belongs. */
export function Dialog({ open, onOpenChange, title, description, wide = false, children }: DialogProps) {
  const t = useTranslations()
  const home = useFocusHome()
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-shade" />
        <Radix.Content
          onCloseAutoFocus={(event) => home.focus() && event.preventDefault()}
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] animate-pop flex-col overflow-hidden rounded-t-xl bg-raised shadow-pop outline-none',
            'sm:inset-x-auto sm:top-[8vh] sm:bottom-auto sm:left-1/2 sm:max-h-[84vh] sm:w-full sm:-translate-x-1/2 sm:rounded-xl',
            wide ? 'sm:max-w-2xl' : 'sm:max-w-md',
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="font-semibold text-base">{title}</Radix.Title>
              {description && (
                <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <Button look="quiet" size="icon" aria-label={t('common.close')} className="-mr-2 -mt-1">
                <X />
              </Button>
            </Radix.Close>
          </header>
          {/* What is opened from here gives the focus back to this window. */}
          <FocusHomeContext.Provider value={nowhere}>{children}</FocusHomeContext.Provider>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function DialogBody({ children }: { children: ReactNode }) {
  return <div className="grid min-h-0 gap-4 overflow-y-auto px-5 pb-4">{children}</div>
}

export function DialogFooter({ children }: { children: ReactNode }) {
  return (
    <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t bg-ground px-5 py-3">
      {children}
    </footer>
  )
}
