import type { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Meter } from '../../components/ui/meter'
import { Panel } from '../../components/ui/panel'
import { bytes, percent } from '../../lib/format'
import type { adminNode } from '../../lib/protocol'

export function NodePanel({ node }: { node: z.infer<typeof adminNode> }) {
  const memoryUsed = node.memoryTotalBytes - node.memoryAvailableBytes
  return (
    <Panel title="Node">
      <div className="grid grid-cols-1 gap-x-8 gap-y-4 p-4 sm:grid-cols-3">
        <Meter
          label="Load"
          showLabel
          share={node.load1 / node.cpus}
          text={`${node.load1.toFixed(2)} on ${node.cpus} CPUs (1 min)`}
        />
        <Meter
          label="Memory"
          showLabel
          share={memoryUsed / node.memoryTotalBytes}
          text={`${bytes(memoryUsed)} of ${bytes(node.memoryTotalBytes)}`}
        />
        <Meter
          label="Sandbox disk"
          showLabel
          share={node.diskUsedBytes / node.diskTotalBytes}
          text={`${percent(node.diskUsedBytes / node.diskTotalBytes)} of ${bytes(node.diskTotalBytes)}`}
        />
      </div>
      <dl className="tabular grid grid-cols-2 border-line border-t sm:grid-cols-4">
        <Fact name="Sandboxes">{node.sandboxes.toLocaleString('en')}</Fact>
        <Fact name="Running">{node.running.toLocaleString('en')}</Fact>
        <Fact name="Runtime uptime">
          <Age since={node.startedAt} />
        </Fact>
        <Fact name="Version">{node.version}</Fact>
        <Fact name="Free host disk space">{bytes(node.hostFreeBytes)}</Fact>
        <Fact name="Hardened isolation">{node.hardenedProblem === null ? 'Available' : 'Not available'}</Fact>
        <Fact name="Limits shown in sandboxes">
          {node.viewProblem === null ? 'Own limits' : 'Host values'}
        </Fact>
      </dl>
      {node.hardenedProblem !== null && (
        <p className="border-line border-t px-4 py-2.5 text-muted text-xs">
          Hardened isolation is not available on this node: {node.hardenedProblem}
        </p>
      )}
      {node.viewProblem !== null && (
        <p className="border-line border-t px-4 py-2.5 text-muted text-xs">
          Programs in sandboxes see the processors, memory and load of the host instead of their own limits:{' '}
          {node.viewProblem}
        </p>
      )}
    </Panel>
  )
}

export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0 px-4 py-3">
      <dt className="text-muted text-xs">{name}</dt>
      <dd className="mt-0.5 truncate font-semibold text-base">{children}</dd>
    </div>
  )
}
