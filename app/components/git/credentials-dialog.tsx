'use client'

import { useTranslations } from 'use-intl'
import type { Credentials } from '../../git/repository'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'

/** Whoever waits for a name and a password. */
export interface CredentialsRequest {
  /** What was said before was refused. */
  readonly again: boolean
  readonly answer: (credentials: Credentials | null) => void
}

/** Asks for what the other end of a push or a pull wants. It goes to git through a pipe, and is kept by this page only. */
export function CredentialsDialog({ request }: { request: CredentialsRequest | null }) {
  const t = useTranslations()
  return (
    <Dialog
      open={request !== null}
      onOpenChange={(open) => !open && request?.answer(null)}
      title={t('git.signIn')}
      description={t('git.signInText')}
    >
      <form
        className="contents"
        onSubmit={(event) => {
          event.preventDefault()
          const data = new FormData(event.currentTarget)
          request?.answer({ username: String(data.get('username')), password: String(data.get('password')) })
        }}
      >
        <DialogBody>
          {request?.again && <Notice tone="bad">{t('git.signInRefused')}</Notice>}
          <Field
            label={t('git.username')}
            name="username"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            required
          />
          <Field label={t('git.token')} name="password" type="password" autoComplete="off" required />
        </DialogBody>
        <DialogFooter>
          <Button onClick={() => request?.answer(null)}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit">
            {t('git.signInAction')}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}
