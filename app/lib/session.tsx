'use client'

import { usePathname, useRouter } from 'next/navigation'
import { createContext, type ReactNode, useCallback, useContext, useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { forgetDrafts } from '../(console)/runs/forget-drafts'
import { Mark } from '../components/logo'
import { Failed } from '../components/ui/states'
import { forgetUnsaved } from '../editor/drafts'
import { ApiError, auth, order } from './api'
import { signInPath } from './next'
import { type Me, me, type Role } from './protocol'
import { useResource } from './resource'

const Context = createContext<Me | null>(null)

/** Who is signed in, and for which tenant. Only below `Session`. */
export function useSession(): Me {
  const session = useContext(Context)
  if (!session) throw new Error('useSession stands outside Session')
  return session
}

/** Who is signed in, or null. Only below `Session` or `SessionIfAny`. */
export function useSessionIfAny(): Me | null {
  return useContext(Context)
}

export const ranks: Record<Role, number> = { student: 0, member: 1, admin: 2, owner: 3 }

/** Whether the person may do what `role` may. The API decides; this only hides what it would refuse. */
export function useMay(role: Role): boolean {
  return ranks[useSession().tenant.role] >= ranks[role]
}

/** Asks who is signed in, and sends who is not to the sign-in page. */
export function Session({ children }: { children: ReactNode }) {
  const pathname = usePathname()
  const router = useRouter()
  const leave = useCallback(
    () => router.replace(signInPath(`${pathname}${window.location.search}`)),
    [router, pathname],
  )
  return <SessionIfAny guest={<Leaving leave={leave} />}>{children}</SessionIfAny>
}

function Leaving({ leave }: { leave: () => void }) {
  useEffect(leave, [leave])
  return <Waiting />
}

/** Asks who is signed in, and shows `guest` to who is not. */
export function SessionIfAny({ guest, children }: { guest: ReactNode; children: ReactNode }) {
  const session = useResource('/me', me, { everyMs: 60_000 })
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  if (signedOut) return guest
  if (session.data) return <Context value={session.data}>{children}</Context>
  if (session.error) {
    return (
      <main className="grid min-h-dvh place-content-center">
        <Failed error={session.error} retry={() => session.mutate()} />
      </main>
    )
  }
  return <Waiting />
}

function Waiting() {
  const t = useTranslations()
  return (
    <main className="grid min-h-dvh place-content-center" aria-busy>
      <Mark className="size-10 animate-glow" />
      <span className="sr-only">{t('common.loading')}</span>
    </main>
  )
}

export async function signOut(): Promise<void> {
  await auth('/sign-out', {})
  forgetDrafts(window.localStorage)
  await forgetUnsaved()
  window.location.assign('/sign-in')
}

/** Changes the tenant by loading everything anew: nothing of the one before stays in memory. */
export async function activateTenant(id: string): Promise<void> {
  await order(`/tenants/${id}/activate`, { method: 'POST' })
  window.location.assign('/sandboxes')
}
