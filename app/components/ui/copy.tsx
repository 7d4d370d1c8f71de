'use client'

import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { copyText } from '../../lib/clipboard'
import { Button } from './button'
import { useToast } from './toast'

/** Copies `text`, and says that it did. */
export function CopyButton({ text, what, name = 'Copy' }: { text: string; what: string; name?: string }) {
  const [copied, setCopied] = useState(false)
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
        else toast.failed(new Error('The browser blocked copying. Select the text and copy it manually.'))
      }}
      aria-label={`Copy ${what}`}
    >
      {copied ? <Check aria-hidden className="text-accent" /> : <Copy aria-hidden />}
      <span aria-live="polite">{copied ? 'Copied' : name}</span>
    </Button>
  )
}
