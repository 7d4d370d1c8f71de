'use client'

import { CirclePause, CirclePlay, CircleStop, type LucideIcon, Play } from 'lucide-react'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Sandbox, type SandboxState, sandbox, type UpdateSandbox } from '../../lib/protocol'
import { useRefreshSandboxes } from '../../lib/sandboxes'
import { useToast } from '../ui/toast'

export interface Step {
  readonly verb: 'pause' | 'resume' | 'stop' | 'start'
  readonly name: string
  readonly icon: LucideIcon
  readonly done: string
}

const pause: Step = { verb: 'pause', name: 'Pause', icon: CirclePause, done: 'is paused' }
const resume: Step = { verb: 'resume', name: 'Resume', icon: CirclePlay, done: 'runs again' }
const stop: Step = { verb: 'stop', name: 'Stop', icon: CircleStop, done: 'is stopped; its disk is kept' }
const start: Step = { verb: 'start', name: 'Start', icon: Play, done: 'is started' }

/** What can be done with a sandbox in this state, the likeliest first. */
export const stepsOf: Record<SandboxState, readonly Step[]> = {
  creating: [],
  running: [pause, stop],
  paused: [resume, stop],
  stopped: [start],
  failed: [start],
  deleted: [],
}

/** Takes steps, changes and deletes, says what came of it, and makes every page look again. */
export function useSandboxActions() {
  const refresh = useRefreshSandboxes()
  const toast = useToast()
  return {
    async take(target: Sandbox, step: Step): Promise<void> {
      try {
        await call(sandbox, `/sandboxes/${target.id}/${step.verb}`, { method: 'POST' })
        toast.done(`${oneLine(target.name)} ${step.done}.`)
      } catch (error) {
        toast.failed(error)
      }
      await refresh()
    },
    /** @throws what the API says, for the dialog that asked */
    async remove(target: Sandbox): Promise<void> {
      await order(`/sandboxes/${target.id}`, { method: 'DELETE' })
      toast.done(`${oneLine(target.name)} is deleted.`)
      await refresh()
    },
    /** @throws what the API says, for the form that asked */
    async change(target: Sandbox, wanted: UpdateSandbox): Promise<void> {
      await call(sandbox, `/sandboxes/${target.id}`, { method: 'PATCH', body: wanted })
      await refresh()
    },
  }
}
