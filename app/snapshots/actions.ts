'use client'

import { useRouter } from 'next/navigation'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { useToast } from '../components/ui/toast'
import { call, order } from '../lib/api'
import { oneLine } from '../lib/format'
import {
  forkedSandboxes,
  restoredSandbox,
  type Sandbox,
  type Snapshot,
  sandbox,
  snapshot,
} from '../lib/protocol'
import { useRefreshSandboxes } from '../lib/sandboxes'

/** Where the dialog reads them. */
export const snapshotsPath = '/snapshots?limit=200'

/** The home directory of a snapshot as a tar that a browser downloads. */
export const archiveUrl = (id: string) => `/api/v1/snapshots/${id}/archive?path=/home/user`

/** What can be done with snapshots; each says what came of it. @throws what the API says, for the form that asked */
export function useSnapshotActions() {
  const t = useTranslations()
  const router = useRouter()
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const refresh = useRefreshSandboxes()
  const look = () => mutate(snapshotsPath)
  const open = (id: string) => {
    void refresh()
    router.push(`/sandboxes/${id}`)
  }
  return {
    async take({ id }: Sandbox, name: string): Promise<void> {
      const body = name === '' ? {} : { name }
      const taken = await call(snapshot, `/sandboxes/${id}/snapshots`, { method: 'POST', body })
      toast.done(t('snapshots.taken', { name: oneLine(taken.name) }))
      await look()
    },
    async restore(of: Sandbox, { id, name }: Snapshot): Promise<void> {
      const path = `/sandboxes/${of.id}/restore`
      const { before } = await call(restoredSandbox, path, { method: 'POST', body: { snapshot: id } })
      toast.done(t('snapshots.restored', { name: oneLine(name), before: oneLine(before.name) }))
      await Promise.all([look(), refresh()])
    },
    async rename({ id }: Snapshot, wanted: string): Promise<void> {
      const { name } = await call(snapshot, `/snapshots/${id}`, { method: 'PATCH', body: { name: wanted } })
      toast.done(t('snapshots.renamed', { name: oneLine(name) }))
      await look()
    },
    async toTemplate({ id }: Snapshot, name: string): Promise<void> {
      await order('/templates', { method: 'POST', body: { name, from: { snapshot: id } } })
      toast.done(t('snapshots.template', { name }))
    },
    async toImage({ id }: Snapshot, image: string): Promise<void> {
      await order(`/snapshots/${id}/image`, { method: 'POST', body: { image } })
      toast.done(t('snapshots.image', { name: image }))
    },
    async remove({ id, name }: Snapshot): Promise<void> {
      await order(`/snapshots/${id}`, { method: 'DELETE' })
      toast.done(t('snapshots.deleted', { name: oneLine(name) }))
      await look()
    },
    async createFrom({ id }: Snapshot): Promise<void> {
      const made = await call(sandbox, '/sandboxes', { method: 'POST', body: { snapshot: id } })
      open(made.id)
    },
    async fork({ id }: Sandbox): Promise<void> {
      const { sandboxes } = await call(forkedSandboxes, `/sandboxes/${id}/fork`, { method: 'POST' })
      const [made] = sandboxes
      if (made !== undefined) open(made.id)
    },
  }
}
