'use client'

import { X } from 'lucide-react'
import { Toast } from 'radix-ui'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { useExplain } from '../../lib/use-explain'
import { Button } from './button'

interface Message {
  readonly id: number
  readonly tone: 'done' | 'bad'
  readonly text: string
  readonly action?: ToastAction | undefined
}

/** Something that can be done about it, such as to undo it. */
export interface ToastAction {
  readonly name: string
  readonly run: () => void
}

interface Announce {
  readonly done: (text: string, action?: ToastAction) => void
  readonly failed: (error: unknown) => void
}

const Context = createContext<Announce>({ done: () => {}, failed: () => {} })

/** Says that something was done, or why not, in a corner and to screen readers. */
export function useToast(): Announce {
  return useContext(Context)
}

let next = 0

export function Toasts({ children }: { children: ReactNode }) {
  const t = useTranslations()
  const explain = useExplain()
  const [messages, setMessages] = useState<readonly Message[]>([])
  const add = useCallback((tone: Message['tone'], text: string, action?: ToastAction) => {
    setMessages((now) => [...now.slice(-3), { id: next++, tone, text, action }])
  }, [])
  const remove = (id: number) => setMessages((now) => now.filter((message) => message.id !== id))
  const announce = useMemo<Announce>(
    () => ({
      done: (text, action) => add('done', text, action),
      failed: (error) => add('bad', explain(error)),
    }),
    [add, explain],
  )
  return (
    <Context.Provider value={announce}>
      <Toast.Provider swipeDirection="right" label={t('common.message')}>
        {children}
        {messages.map(({ id, tone, text, action }) => (
          <Toast.Root
            key={id}
            type={tone === 'bad' ? 'foreground' : 'background'}
            duration={tone === 'bad' || action ? 10_000 : 4000}
            onOpenChange={(open) => !open && remove(id)}
            className={cn(
              'flex animate-pop items-start gap-3 rounded-lg border-l-3 bg-raised py-2.5 pr-2 pl-3 shadow-pop',
              tone === 'bad' ? 'border-bad' : 'border-accent',
            )}
          >
            <Toast.Description className="min-w-0 flex-1 break-words">{text}</Toast.Description>
            {action && (
              <Toast.Action asChild altText={action.name}>
                <Button size="small" onClick={action.run}>
                  {action.name}
                </Button>
              </Toast.Action>
            )}
            <Toast.Close aria-label={t('common.dismiss')} className="rounded p-0.5 text-muted hover:text-ink">
              <X className="size-4" aria-hidden />
            </Toast.Close>
          </Toast.Root>
        ))}
        <Toast.Viewport className="fixed right-4 bottom-4 z-60 grid w-[min(24rem,calc(100vw-2rem))] gap-2 outline-none" />
      </Toast.Provider>
    </Context.Provider>
  )
}
