'use client'

import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { copyText } from '../../lib/clipboard'
import { TextError } from '../../lib/text-error'
import { Button } from './button'
import { useToast } from './toast'

/** Copies `text`, and says that it did. */
export function CopyButton({ text, what, name }: { text: string; what: string; name?: string }) {
  const [copied, setCopied] = useState(false)
  const t = useTranslations()
  const toast = useToast()
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <Button
      onClick={async () => {
        if (await copyText(text)) setCopied(true)
        else toast.failed(new TextError('common.copyBlocked'))
      }}
      aria-label={t('common.copyWhat', { what })}
    >
      {copied ? <Check aria-hidden className="text-accent" /> : <Copy aria-hidden />}
      <span aria-live="polite">{copied ? t('common.copied') : (name ?? t('common.copy'))}</span>
    </Button>
  )
}
