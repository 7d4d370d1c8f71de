'use client'

import { GraduationCap } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { CopyButton } from '../../components/ui/copy'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Panel, Table } from '../../components/ui/panel'
import { Secret } from '../../components/ui/secret'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type LtiPlatform, type LtiTool, ltiPlatformList, ltiRegistrationLink } from '../../lib/protocol-lti'
import { useResource } from '../../lib/resource'
import { PlatformDialog } from './platform-dialog'

/** The learning platforms whose people are let in. For owners and admins. */
export function LearningPlatforms() {
  const t = useTranslations()
  const toast = useToast()
  const { data, error, mutate } = useResource('/lti/platforms', ltiPlatformList)
  const [editing, setEditing] = useState<LtiPlatform | 'new' | null>(null)
  const [link, setLink] = useState<string | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const invite = async () => {
    try {
      setLink((await call(ltiRegistrationLink, '/lti/registrations', { method: 'POST', body: {} })).url)
    } catch (failure) {
      toast.failed(failure)
    }
  }
  const remove = ({ id, name }: LtiPlatform) =>
    setQuestion({
      title: t('lti.askRemove', { name: oneLine(name) }),
      text: t('lti.askRemoveText'),
      action: t('lti.remove'),
      run: async () => {
        await order(`/lti/platforms/${id}`, { method: 'DELETE' })
        await mutate()
      },
    })
  const actions = (
    <div className="flex flex-wrap gap-2">
      <Button size="small" onClick={() => void invite()}>
        {t('lti.invite')}
      </Button>
      <Button size="small" onClick={() => setEditing('new')}>
        {t('lti.add')}
      </Button>
    </div>
  )
  return (
    <Panel title={t('lti.title')} action={actions}>
      {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
      {data?.items.length === 0 && (
        <Empty icon={GraduationCap} title={t('lti.none')}>
          {t('lti.noneText')}
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <Table
          label={t('lti.title')}
          head={[t('lti.name'), t('lti.issuer'), t('lti.deployments'), `·${t('lti.actions')}`]}
        >
          {data.items.map((one) => (
            <tr key={one.id}>
              <td className="font-medium">{oneLine(one.name)}</td>
              <td className="break-all font-mono text-xs">{oneLine(one.issuer, 254)}</td>
              <td className="break-all font-mono text-xs">
                {one.deployments.map((id) => oneLine(id)).join(t('common.comma')) || '–'}
              </td>
              <td className="whitespace-nowrap text-right">
                <Button
                  look="quiet"
                  size="small"
                  onClick={() => setEditing(one)}
                  aria-label={t('lti.changeName', { name: oneLine(one.name) })}
                >
                  {t('lti.change')}
                </Button>
                <Button
                  look="quiet"
                  size="small"
                  onClick={() => remove(one)}
                  aria-label={t('lti.removeName', { name: oneLine(one.name) })}
                >
                  {t('lti.remove')}
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {data && <Addresses tool={data.tool} />}
      <PlatformDialog of={editing} onClose={() => setEditing(null)} onDone={() => void mutate()} />
      <Dialog
        open={link !== null}
        onOpenChange={() => setLink(null)}
        title={t('lti.invite')}
        description={t('lti.inviteText')}
      >
        <DialogBody>{link !== null && <Secret label={t('lti.link')} value={link} />}</DialogBody>
        <DialogFooter>
          <CopyButton text={link ?? ''} what={t('lti.link')} />
        </DialogFooter>
      </Dialog>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

/** The same for all platforms of the tenant. */
function Addresses({ tool }: { tool: LtiTool }) {
  const t = useTranslations()
  const { loginUrl, launchUrl, jwksUrl } = tool
  const all = [
    { name: t('lti.launchUrl'), url: launchUrl },
    { name: t('lti.loginUrl'), url: loginUrl },
    { name: t('lti.jwksUrl'), url: jwksUrl },
  ]
  return (
    <details className="border-line border-t px-4 py-3">
      <summary className="font-medium">{t('lti.addresses')}</summary>
      <dl className="mt-2 grid gap-2">
        {all.map(({ name, url }) => (
          <div key={name}>
            <dt className="text-muted text-xs">{name}</dt>
            <dd className="flex items-center justify-between gap-2">
              <span className="min-w-0 break-all font-mono text-xs">{url}</span>
              <CopyButton text={url} what={name} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
