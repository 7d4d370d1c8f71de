'use client'

import { type LucideIcon, Pause, Play, Square } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Sandbox, type SandboxState, sandbox, type UpdateSandbox } from '../../lib/protocol'
import { useRefreshSandboxes } from '../../lib/sandboxes'
import { useToast } from '../ui/toast'

/** Its name is `sandbox.steps`. */
export interface Step {
  readonly verb: 'pause' | 'resume' | 'stop' | 'start'
  readonly icon: LucideIcon
  /** It ends work in progress, so it is asked about before. */
  readonly destructive: boolean
}

const pause: Step = { verb: 'pause', icon: Pause, destructive: false }
const resume: Step = { verb: 'resume', icon: Play, destructive: false }
const stop: Step = { verb: 'stop', icon: Square, destructive: true }
const start: Step = { verb: 'start', icon: Play, destructive: false }

/** What can be done with a sandbox in this state, the likeliest first. */
export const stepsOf: Record<SandboxState, readonly Step[]> = {
  creating: [],
  running: [pause, stop],
  paused: [resume, stop],
  stopped: [start],
  failed: [start],
  deleted: [],
  unreachable: [],
}

/** Takes steps, changes and deletes, says what came of it, and makes every page look again. */
export function useSandboxActions() {
  const t = useTranslations()
  const refresh = useRefreshSandboxes()
  const toast = useToast()
  const perform = async (target: Sandbox, step: Step): Promise<void> => {
    await call(sandbox, `/sandboxes/${target.id}/${step.verb}`, { method: 'POST' })
    toast.done(t(`sandbox.done.${step.verb}`, { name: oneLine(target.name) }))
    await refresh()
  }
  return {
    /** @throws what the API says, for the dialog that asked */
    perform,
    async take(target: Sandbox, step: Step): Promise<void> {
      try {
        await perform(target, step)
      } catch (error) {
        toast.failed(error)
        await refresh()
      }
    },
    /** @throws what the API says, for the dialog that asked */
    async remove(target: Sandbox): Promise<void> {
      await order(`/sandboxes/${target.id}`, { method: 'DELETE' })
      toast.done(t('sandbox.deleted', { name: oneLine(target.name) }))
      await refresh()
    },
    /** @throws what the API says, for the dialog that asked */
    async publish(target: Sandbox): Promise<void> {
      await call(sandbox, `/sandboxes/${target.id}`, { method: 'PATCH', body: { copyOf: null } })
      toast.done(t('sandbox.published', { name: oneLine(target.name) }))
      await refresh()
    },
    /** @throws what the API says, for the form that asked */
    async change(target: Sandbox, wanted: UpdateSandbox): Promise<void> {
      await call(sandbox, `/sandboxes/${target.id}`, { method: 'PATCH', body: wanted })
      await refresh()
    },
  }
}
