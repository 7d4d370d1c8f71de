'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { pairing } from '../../lib/protocol-operator'
import { useResource } from '../../lib/resource'

/** Says that the database and the node do not belong together, and lets an operator adopt the node. */
export function InstallationNotice({ nodeId }: { nodeId: string }) {
  const t = useTranslations()
  const { data, mutate } = useResource(`/admin/installation?node=${nodeId}`, pairing, { everyMs: 10_000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const toast = useToast()
  if (data?.state !== 'mismatch') return null
  const adopt = async () => {
    await order('/admin/installation/adopt', { method: 'POST', body: { node: data.node, nodeId } })
    toast.done(t('operator.adopted'))
    await mutate()
  }
  const ask = () =>
    setQuestion({
      title: t('operator.adoptTitle'),
      text: t('operator.adoptText'),
      action: t('operator.adopt'),
      run: adopt,
    })
  return (
    <>
      <Notice
        tone="bad"
        action={
          <Button size="small" onClick={ask}>
            {t('operator.adopt')}
          </Button>
        }
      >
        {data.problem}
      </Notice>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}
