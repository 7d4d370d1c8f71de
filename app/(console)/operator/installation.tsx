'use client'

import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { pairing } from '../../lib/protocol'
import { useResource } from '../../lib/resource'

/** Says that the database and the node do not belong together, and lets an operator adopt the node. */
export function InstallationNotice({ nodeId }: { nodeId: string }) {
  const { data, mutate } = useResource(`/admin/installation?node=${nodeId}`, pairing, { everyMs: 10_000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const toast = useToast()
  if (data?.state !== 'mismatch') return null
  const adopt = async () => {
    await order('/admin/installation/adopt', { method: 'POST', body: { node: data.node, nodeId } })
    toast.done('The node now belongs to this database.')
    await mutate()
  }
  const ask = () =>
    setQuestion({
      title: 'Adopt this node?',
      text: 'Use this only if the database is the right one. Sandboxes on the node that the database does not know are then stopped and put into quarantine, a few at a time. Nothing is deleted.',
      action: 'Adopt node',
      run: adopt,
    })
  return (
    <>
      <Notice
        tone="bad"
        action={
          <Button size="small" onClick={ask}>
            Adopt node
          </Button>
        }
      >
        {data.problem}
      </Notice>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}
