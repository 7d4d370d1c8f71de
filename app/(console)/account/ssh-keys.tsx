'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { AreaField, Field, SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type SshKey, sshKeys, sshStatus } from '../../lib/protocol-ssh'
import { useResource } from '../../lib/resource'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'

/** The public keys with which a person connects by SSH, and where to. */
export function SshKeys() {
  const t = useTranslations()
  const { date, dateTime } = useFormat()
  const { data, error, mutate } = useResource('/account/ssh-keys', sshKeys)
  const { data: status } = useResource('/ssh', sshStatus)
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = (key: SshKey) =>
    setQuestion({
      title: t('account.removeSshKeyTitle', { name: oneLine(key.name) }),
      text: t('account.removeSshKeyText'),
      action: t('account.removeSshKeyAction'),
      run: async () => {
        await order(`/account/ssh-keys/${key.id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  return (
    <Panel title={t('account.sshKeys')}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data && data.keys.length > 0 && (
        <Table
          label={t('account.sshKeys')}
          head={[
            ...[t('account.sshKeyName'), t('account.sshFingerprint'), t('account.lastUsed')],
            ...[t('account.sshKeyExpires'), `·${t('account.actions')}`],
          ]}
        >
          {data.keys.map((key) => (
            <tr key={key.id}>
              <td className="font-medium">{oneLine(key.name)}</td>
              <td className="break-all font-mono text-muted text-xs">{key.fingerprint}</td>
              <td className="whitespace-nowrap text-muted">
                {key.lastUsedAt ? dateTime(key.lastUsedAt) : t('account.sshKeyNever')}
              </td>
              <td className="whitespace-nowrap text-muted">
                {key.expiresAt ? date(key.expiresAt) : t('account.sshKeyNoExpiry')}
              </td>
              <td className="text-right">
                <Button
                  look="quiet"
                  size="small"
                  onClick={() => remove(key)}
                  aria-label={t('account.removeSshKeyName', { name: oneLine(key.name) })}
                >
                  {t('account.removeSshKey')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <AddKeys onAdded={() => void mutate()} />
      {status && (
        <p className="px-4 pb-4 text-muted text-xs">
          {status.server === null
            ? t('account.sshOff')
            : t.rich('account.sshHow', {
                code: (words) => <code className="font-mono">{words}</code>,
                command: `ssh -p ${status.server.port} ${t('account.sshUser')}@${status.server.host}`,
                fingerprint: status.server.fingerprint ?? t('account.sshUnknown'),
              })}
        </p>
      )}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

function AddKeys({ onAdded }: { onAdded: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  // A new form after each key.
  const [round, setRound] = useState(0)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const [name, days] = [text(form, 'name').trim(), Number(text(form, 'days'))]
    const body = {
      keys: text(form, 'keys'),
      ...(name === '' ? {} : { name }),
      ...(days ? { expiresInDays: days } : {}),
    }
    const { keys } = await call(sshKeys, '/account/ssh-keys', { method: 'POST', body })
    toast.done(t('account.sshKeysAdded', { count: keys.length }))
    setRound((now) => now + 1)
    onAdded()
  })
  return (
    <form key={round} onSubmit={submit} className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <AreaField
        label={t('account.sshPublicKeys')}
        name="keys"
        rows={3}
        required
        placeholder="ssh-ed25519 AAAA…"
        hint={t('account.sshPublicKeysHint')}
        error={fieldError('keys')}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label={t('account.sshKeyName')}
          name="name"
          maxLength={64}
          hint={t('account.sshKeyNameHint')}
          error={fieldError('name')}
        />
        <SelectField
          label={t('account.sshKeyExpires')}
          name="days"
          defaultValue=""
          error={fieldError('expiresInDays')}
        >
          <option value="">{t('account.sshKeyNoExpiry')}</option>
          <option value="7">{t('keys.lifetimes.days7')}</option>
          <option value="30">{t('keys.lifetimes.days30')}</option>
          <option value="90">{t('keys.lifetimes.days90')}</option>
          <option value="365">{t('keys.lifetimes.year')}</option>
        </SelectField>
      </div>
      <Button type="submit" busy={busy} className="justify-self-start">
        {t('account.addSshKeys')}
      </Button>
    </form>
  )
}
