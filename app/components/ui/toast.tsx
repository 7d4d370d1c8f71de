'use client'

import { X } from 'lucide-react'
import { Toast } from 'radix-ui'
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import { useExplain } from '../../lib/use-explain'

interface Message {
  readonly id: number
  readonly tone: 'done' | 'bad'
  readonly text: string
}

interface Announce {
  readonly done: (text: string) => void
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
  const add = useCallback((tone: Message['tone'], text: string) => {
    setMessages((now) => [...now.slice(-3), { id: next++, tone, text }])
  }, [])
  const remove = (id: number) => setMessages((now) => now.filter((message) => message.id !== id))
  const announce = useMemo<Announce>(
    () => ({ done: (text) => add('done', text), failed: (error) => add('bad', explain(error)) }),
    [add, explain],
  )
  return (
    <Context.Provider value={announce}>
      <Toast.Provider swipeDirection="right" label={t('common.message')}>
        {children}
        {messages.map(({ id, tone, text }) => (
          <Toast.Root
            key={id}
            type={tone === 'bad' ? 'foreground' : 'background'}
            duration={tone === 'bad' ? 10_000 : 4000}
            onOpenChange={(open) => !open && remove(id)}
            className={cn(
              'flex animate-pop items-start gap-3 rounded-lg border-l-3 bg-raised py-2.5 pr-2 pl-3 shadow-pop',
              tone === 'bad' ? 'border-bad' : 'border-accent',
            )}
          >
            <Toast.Description className="min-w-0 flex-1 break-words">{text}</Toast.Description>
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
