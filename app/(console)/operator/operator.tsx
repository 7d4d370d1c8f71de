'use client'

import { ShieldOff } from 'lucide-react'
import { useState } from 'react'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { Unreachable } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { adminNode, nodeList } from '../../lib/protocol'
import { explain, useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'
import { InstallationNotice } from './installation'
import { NodePanel } from './node-panel'
import { Nodes } from './nodes'
import { Pools } from './pools'
import { Quarantine } from './quarantine'
import { Tenants } from './tenants'
import { Users } from './users'

/** How often the node is read. */
const everyMs = 2000

export function Operator() {
  const { user } = useSession()
  if (!user?.operator) {
    return (
      <Panel>
        <Empty icon={ShieldOff} title="For operators only">
          This page shows the node and all its tenants.
        </Empty>
      </Panel>
    )
  }
  return <Page />
}

function Page() {
  const registry = useResource('/admin/nodes', nodeList, { everyMs })
  const [chosen, setChosen] = useState<string | null>(null)
  const nodes = registry.data?.nodes ?? []
  const node = nodes.find(({ id }) => id === chosen) ?? nodes[0]
  // One node needs no choice, unless there is something to say of it.
  const listed = nodes.length > 1 || nodes.some(({ state }) => state !== 'ready')
  const query = nodes.length > 1 && node ? `?node=${node.id}` : ''
  return (
    <>
      <NodeHead query={query} />
      <div className="grid gap-5">
        {listed && node && (
          <Nodes nodes={nodes} shown={node.id} onShow={setChosen} onChanged={() => void registry.mutate()} />
        )}
        {node?.state === 'unreachable' ? (
          <Notice tone="bad">
            {oneLine(node.name)} does not answer. Its sandboxes are kept as they are, and can be used again
            when it is back.
          </Notice>
        ) : (
          <NodeFigures key={query} query={query} nodeId={query ? node?.id : undefined} />
        )}
        <Quarantine />
        {node?.state !== 'unreachable' && <Pools key={`pools${query}`} query={query} />}
        <Tenants />
        <Users />
      </div>
    </>
  )
}

const useNode = (query: string) => useResource(`/admin/node${query}`, adminNode, { everyMs, always: true })

function NodeHead({ query }: { query: string }) {
  const { data } = useNode(query)
  return (
    <PageHead title="Node and tenants">
      {data
        ? `${data.name}, Linux ${data.kernel}, cgroup v${data.cgroupVersion}`
        : 'Node status, pools, tenants and accounts'}
    </PageHead>
  )
}

/** What one node says of itself. */
function NodeFigures({ query, nodeId }: { query: string; nodeId: string | undefined }) {
  const { data, error, mutate } = useNode(query)
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />}</Panel>
    )
  }
  return (
    <>
      {error && !(error instanceof Unreachable) && <Notice tone="warn">{explain(error)}</Notice>}
      <InstallationNotice nodeId={nodeId} />
      {data.problems.map((problem) => (
        <Notice key={problem} tone="warn">
          {problem}
        </Notice>
      ))}
      {data.full && <Notice tone="bad">New sandboxes are refused: {data.full}</Notice>}
      <NodePanel node={data} />
    </>
  )
}
