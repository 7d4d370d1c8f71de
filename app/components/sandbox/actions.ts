'use client'

import { type LucideIcon, Pause, Play, Square } from 'lucide-react'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type Sandbox, type SandboxState, sandbox, type UpdateSandbox } from '../../lib/protocol'
import { useRefreshSandboxes } from '../../lib/sandboxes'
import { useToast } from '../ui/toast'

export interface Step {
  readonly verb: 'pause' | 'resume' | 'stop' | 'start'
  readonly name: string
  readonly icon: LucideIcon
  /** Said when it is done, before the sandbox's name. */
  readonly done: string
  /** What it does to work in progress: asked before. Undefined where nothing is lost. */
  readonly consequence?: string
}

const pause: Step = { verb: 'pause', name: 'Pause', icon: Pause, done: 'Paused' }
const resume: Step = { verb: 'resume', name: 'Resume', icon: Play, done: 'Resumed' }
const stop: Step = {
  ...{ verb: 'stop', name: 'Stop', icon: Square, done: 'Stopped' },
  consequence:
    'All processes and terminals in it are terminated, and unsaved work in them is lost. Files on its disk are kept.',
}
const start: Step = { verb: 'start', name: 'Start', icon: Play, done: 'Started' }

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
  const refresh = useRefreshSandboxes()
  const toast = useToast()
  const perform = async (target: Sandbox, step: Step): Promise<void> => {
    await call(sandbox, `/sandboxes/${target.id}/${step.verb}`, { method: 'POST' })
    toast.done(`${step.done} ${oneLine(target.name)}.`)
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
      toast.done(`Deleted ${oneLine(target.name)}.`)
      await refresh()
    },
    /** @throws what the API says, for the form that asked */
    async change(target: Sandbox, wanted: UpdateSandbox): Promise<void> {
      await call(sandbox, `/sandboxes/${target.id}`, { method: 'PATCH', body: wanted })
      await refresh()
    },
  }
}
