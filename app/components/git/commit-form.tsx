'use client'

import { Check } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { AreaField } from '../ui/field'

/** The message of the next commit. It stays when the commit fails. */
export function CommitForm({
  staged,
  disabled,
  onCommit,
}: {
  /** Whether something is staged: else everything that changed is committed. */
  staged: boolean
  disabled: boolean
  /** @returns whether it was done */
  onCommit: (message: string) => Promise<boolean>
}) {
  const t = useTranslations()
  const [message, setMessage] = useState('')
  const able = !disabled && message.trim() !== ''
  const commit = async () => {
    if (able && (await onCommit(message))) setMessage('')
  }
  return (
    <form
      className="grid gap-2 px-3 pb-3"
      onSubmit={(event) => {
        event.preventDefault()
        void commit()
      }}
    >
      <AreaField
        bare
        label={t('git.message')}
        placeholder={t('git.message')}
        rows={2}
        value={message}
        onChange={({ target }) => setMessage(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void commit()
        }}
      />
      <Button look="primary" type="submit" disabled={!able}>
        <Check aria-hidden />
        {staged ? t('git.commit') : t('git.commitAll')}
      </Button>
    </form>
  )
}
