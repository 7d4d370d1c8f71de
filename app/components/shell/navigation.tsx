'use client'

import {
  BookOpen,
  Box,
  CalendarClock,
  ChartNoAxesColumn,
  Hammer,
  HardDrive,
  KeyRound,
  Layers,
  ListChecks,
  type LucideIcon,
  Package,
  Play,
  School,
  ScrollText,
  Server,
  Settings,
  Users,
  Webhook,
} from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Role } from '../../lib/protocol'
import { ranks, useSession } from '../../lib/session'
import type { Texts } from '../../messages/texts'

interface Place {
  readonly href: string
  readonly page: keyof Texts<'pages'>
  readonly icon: LucideIcon
  /** The least role that may use it; the API refuses others. */
  readonly least?: Role
  /** For students only. */
  readonly studies?: true
}

const places: readonly Place[] = [
  { href: '/sandboxes', page: 'sandboxes', icon: Box },
  { href: '/work', page: 'work', icon: ListChecks, studies: true },
  { href: '/classes', page: 'classes', icon: School },
  { href: '/stacks', page: 'stacks', icon: Layers, least: 'member' },
  { href: '/templates', page: 'templates', icon: Package, least: 'member' },
  { href: '/builds', page: 'builds', icon: Hammer, least: 'member' },
  { href: '/volumes', page: 'volumes', icon: HardDrive, least: 'member' },
  { href: '/schedules', page: 'schedules', icon: CalendarClock, least: 'member' },
  { href: '/runs', page: 'runs', icon: Play },
  { href: '/usage', page: 'usage', icon: ChartNoAxesColumn },
  { href: '/keys', page: 'keys', icon: KeyRound, least: 'admin' },
  { href: '/webhooks', page: 'webhooks', icon: Webhook, least: 'admin' },
  { href: '/members', page: 'members', icon: Users, least: 'member' },
  { href: '/audit', page: 'audit', icon: ScrollText, least: 'admin' },
  { href: '/settings', page: 'settings', icon: Settings },
  { href: '/docs/api', page: 'reference', icon: BookOpen },
]

const operatorPlaces: readonly Place[] = [{ href: '/operator', page: 'operator', icon: Server }]

export function Navigation({ onGo }: { onGo?: () => void }) {
  const t = useTranslations()
  const { user, tenant } = useSession()
  const mine = places.filter(
    ({ least, studies }) =>
      (least === undefined || ranks[tenant.role] >= ranks[least]) && (!studies || tenant.role === 'student'),
  )
  return (
    <nav aria-label={t('shell.main')} className="grid gap-4">
      <PlaceList places={mine} onGo={onGo} />
      {user?.operator && (
        <div className="grid gap-1">
          <p className="px-2 text-muted text-xs">{t('shell.operator')}</p>
          <PlaceList places={operatorPlaces} onGo={onGo} />
        </div>
      )}
    </nav>
  )
}

function PlaceList({ places, onGo }: { places: readonly Place[]; onGo: (() => void) | undefined }) {
  const t = useTranslations()
  const pathname = usePathname()
  return (
    <ul className="grid gap-0.5">
      {places.map(({ href, page, icon: Icon }) => {
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
              {t(`pages.${page}`)}
            </Link>
          </li>
        )
      })}
    </ul>
  )
}
