'use client'

import { Command as List } from 'cmdk'
import fuzzysort from 'fuzzysort'
import { Dialog as Radix } from 'radix-ui'
import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { MethodAndPath } from './call-item'
import type { ApiCall } from './openapi'

const shownMax = 50

/** Finds a call by a few letters of its summary, name or address, as the palette of a workspace finds files. */
export function CallPalette({
  calls,
  onChoose,
  onClose,
}: {
  calls: readonly ApiCall[]
  onChoose: (call: ApiCall) => void
  onClose: () => void
}) {
  const t = useTranslations()
  const [text, setText] = useState('')
  const chosen = useRef<ApiCall | null>(null)
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={(event) => chosen.current && event.preventDefault()}
          className="fixed inset-x-2 top-[6vh] z-50 mx-auto max-w-2xl animate-pop overflow-hidden rounded-xl bg-raised shadow-pop outline-none"
        >
          <Radix.Title className="sr-only">{t('reference.goTo')}</Radix.Title>
          <List shouldFilter={false} loop label={t('reference.goTo')} className="flex max-h-[70vh] flex-col">
            <List.Input
              autoFocus
              value={text}
              onValueChange={setText}
              placeholder={t('reference.searchExample')}
              className="h-11 w-full shrink-0 border-line border-b bg-transparent px-4 outline-none placeholder:text-muted"
            />
            <List.List className="min-h-0 overflow-y-auto p-1">
              <List.Empty className="px-3 py-4 text-muted">{t('reference.none')}</List.Empty>
              {best(text, calls).map((call) => (
                <List.Item
                  key={call.operationId}
                  value={call.operationId}
                  onSelect={() => {
                    chosen.current = call
                    onClose()
                    onChoose(call)
                  }}
                  className="flex cursor-pointer flex-wrap items-baseline gap-x-3 rounded px-3 py-1.5 data-[selected=true]:bg-hover pointer-coarse:py-2.5"
                >
                  <MethodAndPath call={call} />
                  <span className="text-muted">{call.summary}</span>
                </List.Item>
              ))}
            </List.List>
          </List>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function best(word: string, calls: readonly ApiCall[]): readonly ApiCall[] {
  if (word.trim() === '') return calls.slice(0, shownMax)
  const keys = ['summary', 'operationId', 'path'] as const
  return fuzzysort.go(word, calls, { keys: [...keys], limit: shownMax, threshold: 0.2 }).map(({ obj }) => obj)
}
