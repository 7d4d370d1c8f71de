'use client'

import { ShieldOff } from 'lucide-react'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { Unreachable } from '../../lib/api'
import { adminNode } from '../../lib/protocol'
import { explain, useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'
import { InstallationNotice } from './installation'
import { NodePanel } from './node-panel'
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
  return <Node />
}

function Node() {
  const { data, error, mutate } = useResource('/admin/node', adminNode, { everyMs, always: true })
  return (
    <>
      <PageHead title="Node and tenants">
        {data
          ? `${data.name}, Linux ${data.kernel}, cgroup v${data.cgroupVersion}`
          : 'Node status, pools, tenants and accounts'}
      </PageHead>
      <div className="grid gap-5">
        {error && data && !(error instanceof Unreachable) && <Notice tone="warn">{explain(error)}</Notice>}
        {!data && (
          <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />}</Panel>
        )}
        {data && (
          <>
            <InstallationNotice />
            {data.problems.map((problem) => (
              <Notice key={problem} tone="warn">
                {problem}
              </Notice>
            ))}
            {data.full && <Notice tone="bad">New sandboxes are refused: {data.full}</Notice>}
            <NodePanel node={data} />
            <Quarantine />
            <Pools />
          </>
        )}
        <Tenants />
        <Users />
      </div>
    </>
  )
}
