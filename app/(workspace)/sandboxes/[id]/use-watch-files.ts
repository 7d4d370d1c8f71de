'use client'

import { useEffect, useRef } from 'react'
import type { OpenFiles } from '../../../editor/open-files'
import type { FileTreeModel } from '../../../files/file-tree'
import { watchFiles } from '../../../files/watching'
import type { Sandbox } from '../../../lib/protocol'

/**
 * Keeps the tree and the open file as they are on the disk, while the page is looked at: each hidden page would hold one of
 * the few connections that a browser has for a server.
 */
export function useWatchFiles(
  state: Sandbox['state'],
  tree: FileTreeModel,
  open: OpenFiles,
  onChanged: (paths: ReadonlySet<string>) => void,
): void {
  const told = useRef(onChanged)
  told.current = onChanged
  // It goes on while the sandbox is paused, stopped and started.
  const hasFiles = ['running', 'paused', 'stopped'].includes(state)
  useEffect(() => {
    if (!hasFiles) return
    const listener = {
      watched: (is: boolean) => {
        tree.watched = is
        open.watched = is
      },
      changed: (entries: ReadonlySet<string>, paths: ReadonlySet<string>) => {
        void tree.refreshWhere(entries)
        open.checkWhere(paths)
        told.current(paths)
      },
      anew: () => {
        void tree.refresh()
        open.checkDisk()
      },
    }
    let watch: AbortController | undefined
    const look = () => {
      if (document.visibilityState === 'visible') {
        if (watch) return
        watch = new AbortController()
        void watchFiles(tree.client, tree.root, listener, watch.signal)
      } else end()
    }
    const end = () => {
      watch?.abort()
      watch = undefined
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      end()
    }
  }, [hasFiles, tree, open])
}
