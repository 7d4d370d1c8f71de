'use client'

import { ShieldOff } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { Unreachable } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { adminNode } from '../../lib/protocol'
import { nodeList } from '../../lib/protocol-operator'
import { useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'
import { useExplain } from '../../lib/use-explain'
import { InstallationNotice } from './installation'
import { NodePanel } from './node-panel'
import { Nodes } from './nodes'
import { Pools } from './pools'
import { Privacy } from './privacy'
import { Quarantine } from './quarantine'
import { Tenants } from './tenants'
import { Users } from './users'

/** How often the node is read. */
const everyMs = 2000

export function Operator() {
  const t = useTranslations()
  const { user } = useSession()
  if (!user?.operator) {
    return (
      <Panel>
        <Empty icon={ShieldOff} title={t('operator.operatorsOnly')}>
          {t('operator.operatorsOnlyText')}
        </Empty>
      </Panel>
    )
  }
  return <Page />
}

function Page() {
  const t = useTranslations()
  const registry = useResource('/admin/nodes', nodeList, { everyMs })
  const [chosen, setChosen] = useState<string | null>(null)
  const nodes = registry.data?.nodes ?? []
  const node = nodes.find(({ id }) => id === chosen) ?? nodes[0]
  const answering = node !== undefined && node.state !== 'unreachable'
  // One node needs no choice, unless there is something to say of it.
  const listed = nodes.length > 1 || nodes.some(({ state }) => state !== 'ready')
  return (
    <>
      <NodeHead id={answering ? node.id : undefined} />
      <div className="grid gap-5">
        {!node && (
          <Panel>
            {registry.error ? (
              <Failed error={registry.error} retry={() => registry.mutate()} />
            ) : (
              <SkeletonRows rows={3} />
            )}
          </Panel>
        )}
        {listed && node && (
          <Nodes nodes={nodes} shown={node.id} onShow={setChosen} onChanged={() => void registry.mutate()} />
        )}
        {node?.state === 'unreachable' && (
          <Notice tone="bad">{t('operator.doesNotAnswer', { name: oneLine(node.name) })}</Notice>
        )}
        {answering && <NodeFigures key={node.id} id={node.id} />}
        <Quarantine />
        {answering && <Pools key={`pools${node.id}`} query={`?node=${node.id}`} />}
        <Tenants />
        <Users />
        <Privacy />
      </div>
    </>
  )
}

/** @param id none is asked while it is not known which */
const useNode = (id: string | undefined) =>
  useResource(id === undefined ? null : `/admin/node?node=${id}`, adminNode, { everyMs, always: true })

function NodeHead({ id }: { id: string | undefined }) {
  const t = useTranslations()
  const { data } = useNode(id)
  return (
    <PageHead title={t('pages.operator')}>
      {data
        ? t('operator.nodeOf', {
            ...{ name: data.name, kernel: data.kernel, version: String(data.cgroupVersion) },
          })
        : t('operator.audience')}
    </PageHead>
  )
}

/** What one node says of itself. */
function NodeFigures({ id }: { id: string }) {
  const t = useTranslations()
  const explain = useExplain()
  const { data, error, mutate } = useNode(id)
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />}</Panel>
    )
  }
  return (
    <>
      {error && !(error instanceof Unreachable) && <Notice tone="warn">{explain(error)}</Notice>}
      <InstallationNotice nodeId={id} />
      {data.problems.map((problem) => (
        <Notice key={problem} tone="warn">
          {problem}
        </Notice>
      ))}
      {data.full && <Notice tone="bad">{t('operator.newRefused', { why: data.full })}</Notice>}
      <NodePanel node={data} />
    </>
  )
}
