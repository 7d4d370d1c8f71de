'use client'

import { useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { usePorts } from '../../../components/sandbox/ports'
import { useToast } from '../../../components/ui/toast'
import { findProject } from '../../../inside/project'
import type { Run } from '../../../inside/run'
import type { Sandbox } from '../../../lib/protocol'
import { TextError } from '../../../lib/text-error'
import type { PreviewStore } from '../../../workspace/preview'
import type { Programs } from '../../../workspace/programs'

/**
 * Runs the project that is worked on in a terminal, and shows the first port that it opens.
 * @param places where it may be, the likeliest first; asked for when it is run
 */
export function useRun({
  sandbox,
  run,
  programs,
  preview,
  top,
  places,
  save,
  onStarted,
}: {
  sandbox: Sandbox
  run: Run
  programs: Programs
  preview: PreviewStore
  top: string
  places: () => readonly string[]
  /** Brings to the disk what was typed. */
  save: () => Promise<void>
  onStarted: () => void
}): void {
  const t = useTranslations()
  const toast = useToast()
  // Who only looks runs nothing.
  const { ports } = usePorts(sandbox.access === 'look' ? { ...sandbox, state: 'stopped' } : sandbox)
  /** Ports that listened before it was run; null when none is waited for. */
  const before = useRef<ReadonlySet<number> | null>(null)
  /** The port that it opened the last time: it opens it again. */
  const opened = useRef<number | null>(null)
  const busy = useRef(false)

  useEffect(() => {
    const known = before.current
    if (known === null) return
    const fresh = ports.find(({ port, url, address }) => url !== null && address !== null && !known.has(port))
    if (fresh === undefined) return
    before.current = null
    opened.current = fresh.port
    preview.show({ port: fresh.port })
  }, [ports, preview])

  const runProject = () => {
    if (busy.current || sandbox.access === 'look') return
    busy.current = true
    const start = async () => {
      await save()
      const project = await findProject(run, top, places())
      if (project === null) throw new TextError('workspace.nothingToRun')
      before.current = null
      await programs.start({
        ...{ name: t('workspace.runTab'), script: project.command },
        cwd: project.directory,
      })
      const listening = new Set(ports.map(({ port }) => port))
      if (opened.current !== null) listening.delete(opened.current)
      before.current = listening
      onStarted()
    }
    start()
      .catch(toast.failed)
      .finally(() => {
        busy.current = false
      })
  }
  useEffect(() => programs.onRun(runProject))
}
