'use client'

import { useEffect, useRef } from 'react'
import type { OpenFiles } from '../../../editor/open-files'
import { onReconnect } from '../../../lib/connection'
import type { Sandbox } from '../../../lib/protocol'

/** How often the file that is shown is compared with the disk, while the page is looked at and changes are not told. */
const checkMs = 5000

/**
 * Opens the files of the last visit, keeps what is not saved, and asks before such a page is left; tries again what failed
 * when the sandbox or the connection is back.
 *
 * @param onRestored is called once, when what was open at the last visit is open again
 */
export function useKeepFiles(state: Sandbox['state'], files: OpenFiles, onRestored: () => void): void {
  const restored = useRef<(() => void) | null>(onRestored)
  const usable = ['running', 'paused', 'stopped'].includes(state)
  useEffect(() => {
    if (!usable) return
    void files.restore().then(() => {
      restored.current?.()
      restored.current = null
    })
    files.retry()
    return onReconnect(() => files.retry())
  }, [usable, files])

  useEffect(() => {
    const onLeave = (event: BeforeUnloadEvent) => {
      if (files.unsaved.length > 0) event.preventDefault()
    }
    const onHide = () => document.visibilityState === 'hidden' && files.flush()
    window.addEventListener('beforeunload', onLeave)
    document.addEventListener('visibilitychange', onHide)
    return () => {
      window.removeEventListener('beforeunload', onLeave)
      document.removeEventListener('visibilitychange', onHide)
      // To another page of Cloche: what is not saved by then is kept.
      files.flush()
    }
  }, [files])

  useEffect(() => {
    if (state !== 'running') return
    const check = () => document.visibilityState === 'visible' && files.checkDisk()
    const timer = setInterval(() => !files.watched && check(), checkMs)
    window.addEventListener('focus', check)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', check)
    }
  }, [state, files])
}
