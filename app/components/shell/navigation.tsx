'use client'

import {
  BookOpen,
  Box,
  ChartNoAxesColumn,
  KeyRound,
  type LucideIcon,
  Play,
  ScrollText,
  Server,
  Settings,
  Users,
} from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { cn } from '../../lib/cn'
import type { Role } from '../../lib/protocol'
import { ranks, useSession } from '../../lib/session'

interface Place {
  readonly href: string
  readonly name: string
  readonly icon: LucideIcon
  /** The least role that may use it; the API refuses others. */
  readonly least?: Role
}

const places: readonly Place[] = [
  { href: '/sandboxes', name: 'Sandboxes', icon: Box },
  { href: '/runs', name: 'Runs', icon: Play },
  { href: '/usage', name: 'Usage', icon: ChartNoAxesColumn },
  { href: '/keys', name: 'API keys', icon: KeyRound, least: 'admin' },
  { href: '/members', name: 'Members', icon: Users },
  { href: '/audit', name: 'Audit log', icon: ScrollText, least: 'admin' },
  { href: '/settings', name: 'Settings', icon: Settings },
  { href: '/docs/api', name: 'API reference', icon: BookOpen },
]

const operatorPlaces: readonly Place[] = [{ href: '/operator', name: 'Node and tenants', icon: Server }]

export function Navigation({ onGo }: { onGo?: () => void }) {
  const { user, tenant } = useSession()
  const mine = places.filter(({ least }) => least === undefined || ranks[tenant.role] >= ranks[least])
  return (
    <nav aria-label="Main" className="grid gap-4">
      <PlaceList places={mine} onGo={onGo} />
      {user?.operator && (
        <div className="grid gap-1">
          <p className="px-2 text-muted text-xs">Operator</p>
          <PlaceList places={operatorPlaces} onGo={onGo} />
        </div>
      )}
    </nav>
  )
}

function PlaceList({ places, onGo }: { places: readonly Place[]; onGo: (() => void) | undefined }) {
  const pathname = usePathname()
  return (
    <ul className="grid gap-0.5">
      {places.map(({ href, name, icon: Icon }) => {
        const here = pathname === href || pathname.startsWith(`${href}/`)
        return (
          <li key={href}>
            <Link
              href={href}
              {...(onGo ? { onClick: onGo } : {})}
              aria-current={here ? 'page' : undefined}
              className={cn(
                'flex items-center gap-2.5 rounded-md px-2 py-1.5 pointer-coarse:py-2.5 [&>svg]:size-4',
                here
                  ? 'bg-hover font-medium text-ink [&>svg]:text-accent'
                  : 'text-muted hover:bg-hover hover:text-ink',
              )}
            >
              <Icon aria-hidden />
              {name}
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
