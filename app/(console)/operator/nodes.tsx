'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Panel, Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { cn } from '../../lib/cn'
import { bytes, oneLine, percent } from '../../lib/format'
import type { NodeState, RegisteredNode } from '../../lib/protocol-operator'
import { useFormat } from '../../lib/use-format'

const looks: Record<NodeState, { dot: string; text: string }> = {
  ready: { dot: 'bg-accent', text: 'text-accent' },
  cordoned: { dot: 'bg-warn', text: 'text-warn' },
  unreachable: { dot: 'bg-bad', text: 'text-bad' },
}

interface NodesProps {
  readonly nodes: readonly RegisteredNode[]
  /** Id of the node whose figures and pools are shown below. */
  readonly shown: string
  readonly onShow: (id: string) => void
  readonly onChanged: () => void
}

/** Every node with its state, and which one the page is about. */
export function Nodes({ nodes, shown, onShow, onChanged }: NodesProps) {
  const t = useTranslations()
  const { number } = useFormat()
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const cordon = async ({ id, name }: RegisteredNode, cordoned: boolean) => {
    await order(`/admin/nodes/${id}`, { method: 'PATCH', body: { cordoned } })
    toast.done(t(cordoned ? 'operator.cordoned' : 'operator.takesWork', { name: oneLine(name) }))
    onChanged()
  }
  const ask = (node: RegisteredNode) =>
    setQuestion({
      title: t('operator.cordonTitle', { name: oneLine(node.name) }),
      text: t('operator.cordonText'),
      action: t('operator.cordonNode'),
      run: () => cordon(node, true),
    })
  return (
    <Panel title={t('operator.nodes')}>
      <Table
        label={t('operator.nodes')}
        head={[
          ...[t('operator.node'), t('operator.state'), t('units.bounds.sandboxes'), t('operator.memory')],
          ...[t('operator.disk'), t('operator.lastSeen'), `·${t('operator.actions')}`],
        ]}
      >
        {nodes.map((node) => (
          <tr key={node.id}>
            <td className="font-medium">{oneLine(node.name)}</td>
            <td>
              <State node={node} />
            </td>
            <td className="tabular">{number(node.sandboxes)}</td>
            <td className="tabular text-muted">
              {node.capacity
                ? t('operator.availableAmount', { amount: bytes(node.capacity.memoryAvailableBytes) })
                : '–'}
            </td>
            <td className="tabular text-muted">
              {node.capacity
                ? t('operator.usedShare', {
                    share: percent(node.capacity.diskUsedBytes / Math.max(1, node.capacity.diskTotalBytes)),
                  })
                : '–'}
            </td>
            <td className="tabular whitespace-nowrap text-muted">
              {node.lastSeenAt === null ? t('operator.never') : <Age since={node.lastSeenAt} />}
            </td>
            <td className="whitespace-nowrap text-right">
              <Button
                size="small"
                look="quiet"
                aria-pressed={node.id === shown}
                aria-label={t('operator.showName', { name: oneLine(node.name) })}
                onClick={() => onShow(node.id)}
              >
                {t('operator.show')}
              </Button>
              <Button
                size="small"
                look="quiet"
                aria-label={t(node.cordoned ? 'operator.uncordonName' : 'operator.cordonName', {
                  name: oneLine(node.name),
                })}
                onClick={() => (node.cordoned ? void cordon(node, false).catch(toast.failed) : ask(node))}
              >
                {t(node.cordoned ? 'operator.uncordon' : 'operator.cordon')}
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}

function State({ node: { state, cordoned, problem } }: { node: RegisteredNode }) {
  const t = useTranslations()
  const { dot, text } = looks[state]
  return (
    <>
      <span className={cn('inline-flex items-center gap-1.5 font-medium text-xs', text)}>
        <span aria-hidden className={cn('size-2 rounded-full', dot)} />
        {t(`operator.states.${state === 'unreachable' && cordoned ? 'unreachableCordoned' : state}`)}
      </span>
      {problem !== null && <p className="max-w-xs text-muted text-xs">{oneLine(problem, 400)}</p>}
    </>
  )
}
