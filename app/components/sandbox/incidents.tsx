'use client'

import { TriangleAlert, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import '../../lib/jitless'
import { mebibytes, oneLine } from '../../lib/format'
import type { Incident, Sandbox } from '../../lib/protocol'
import { useFormat } from '../../lib/use-format'
import { read, write } from '../../terminal/preferences'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'

const shownMax = 3
/** What is older was seen in another way, or matters no more. */
const newForMs = 3_600_000

/** What happened in the sandbox that explains why a program failed: one line each, until it is dismissed. */
export function Incidents({ sandbox, incidents }: { sandbox: Sandbox; incidents: readonly Incident[] }) {
  const t = useTranslations()
  const home = useFocusHome()
  const key = `cloche-incidents-${sandbox.id}`
  const [dismissed, setDismissed] = useState(() => z.string().catch('').parse(read(key)))
  const since = new Date(Date.now() - newForMs).toISOString()
  const shown = incidents.filter(({ at }) => at > dismissed && at > since).slice(-shownMax)
  const latest = shown.at(-1)
  return (
    <div role="status" className="contents">
      {latest && (
        <div className="flex shrink-0 items-start gap-3 border-line border-b bg-warn-soft py-1.5 pr-1.5 pl-3">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
          <ul className="min-w-0 flex-1">
            {shown.map((incident) => (
              <Line key={`${incident.kind} ${incident.process}`} of={incident} sandbox={sandbox} />
            ))}
          </ul>
          <Button
            look="quiet"
            size="iconSmall"
            aria-label={t('workspace.dismissIncidents')}
            onClick={() => {
              setDismissed(latest.at)
              write(key, latest.at)
              home.focus()
            }}
          >
            <X />
          </Button>
        </div>
      )}
    </div>
  )
}

function Line({ of: { kind, process, host, count, at }, sandbox }: { of: Incident; sandbox: Sandbox }) {
  const t = useTranslations()
  const { timeOfDay, number } = useFormat()
  const { limits } = sandbox
  const memory = mebibytes(limits.memoryMiB)
  const text = {
    oom_kill: () =>
      process === null
        ? t('workspace.incidents.oomUnnamed', { count, limit: memory })
        : t('workspace.incidents.oom', { process: oneLine(process), count, limit: memory }),
    disk_full: () => t('workspace.incidents.disk', { limit: mebibytes(limits.diskMiB) }),
    network_denied: () => t('workspace.incidents.network', { host: oneLine(host ?? '') }),
    pids_limit: () => t('workspace.incidents.pids', { count, limit: number(limits.pids) }),
  }[kind]
  return (
    <li className="break-words">
      {text()} <span className="tabular text-muted text-xs">{timeOfDay(Date.parse(at))}</span>
    </li>
  )
}
