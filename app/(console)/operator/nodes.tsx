'use client'

import { useState } from 'react'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Panel, Table } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { cn } from '../../lib/cn'
import { bytes, oneLine, percent } from '../../lib/format'
import type { NodeState, RegisteredNode } from '../../lib/protocol'

const looks: Record<NodeState, { name: string; dot: string; text: string }> = {
  ready: { name: 'Ready', dot: 'bg-accent', text: 'text-accent' },
  cordoned: { name: 'Cordoned', dot: 'bg-warn', text: 'text-warn' },
  unreachable: { name: 'Unreachable', dot: 'bg-bad', text: 'text-bad' },
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
  const toast = useToast()
  const [question, setQuestion] = useState<Question | null>(null)
  const cordon = async ({ id, name }: RegisteredNode, cordoned: boolean) => {
    await order(`/admin/nodes/${id}`, { method: 'PATCH', body: { cordoned } })
    toast.done(cordoned ? `Cordoned ${oneLine(name)}.` : `${oneLine(name)} takes new work again.`)
    onChanged()
  }
  const ask = (node: RegisteredNode) =>
    setQuestion({
      title: `Cordon ${oneLine(node.name)}?`,
      text: 'No new sandboxes or runs are placed on it. Sandboxes that are on it keep running; they are not moved.',
      action: 'Cordon node',
      run: () => cordon(node, true),
    })
  return (
    <Panel title="Nodes">
      <Table label="Nodes" head={['Node', 'State', 'Sandboxes', 'Memory', 'Disk', 'Last seen', '·Actions']}>
        {nodes.map((node) => (
          <tr key={node.id}>
            <td className="font-medium">{oneLine(node.name)}</td>
            <td>
              <State node={node} />
            </td>
            <td className="tabular">{node.sandboxes.toLocaleString('en')}</td>
            <td className="tabular text-muted">
              {node.capacity ? `${bytes(node.capacity.memoryAvailableBytes)} available` : '–'}
            </td>
            <td className="tabular text-muted">
              {node.capacity
                ? `${percent(node.capacity.diskUsedBytes / Math.max(1, node.capacity.diskTotalBytes))} used`
                : '–'}
            </td>
            <td className="tabular whitespace-nowrap text-muted">
              {node.lastSeenAt === null ? 'Never' : <Age since={node.lastSeenAt} />}
            </td>
            <td className="whitespace-nowrap text-right">
              <Button
                size="small"
                look="quiet"
                aria-pressed={node.id === shown}
                aria-label={`Show ${oneLine(node.name)}`}
                onClick={() => onShow(node.id)}
              >
                Show
              </Button>
              <Button
                size="small"
                look="quiet"
                aria-label={`${node.cordoned ? 'Uncordon' : 'Cordon'} ${oneLine(node.name)}`}
                onClick={() => (node.cordoned ? void cordon(node, false).catch(toast.failed) : ask(node))}
              >
                {node.cordoned ? 'Uncordon' : 'Cordon'}
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
  const { name, dot, text } = looks[state]
  return (
    <>
      <span className={cn('inline-flex items-center gap-1.5 font-medium text-xs', text)}>
        <span aria-hidden className={cn('size-2 rounded-full', dot)} />
        {state === 'unreachable' && cordoned ? 'Unreachable, cordoned' : name}
      </span>
      {problem !== null && <p className="max-w-xs text-muted text-xs">{oneLine(problem, 400)}</p>}
    </>
  )
}
