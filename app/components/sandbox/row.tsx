'use client'

import {
  CalendarClock,
  Ellipsis,
  Eye,
  HardDrive,
  SlidersHorizontal,
  SquareTerminal,
  Trash2,
} from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'use-intl'
import { oneLine, sentence } from '../../lib/format'
import type { Sandbox, Usage } from '../../lib/protocol'
import { ranks, useSession } from '../../lib/session'
import { Button } from '../ui/button'
import { Menu, MenuItem, MenuLine } from '../ui/menu'
import { type Step, stepsOf } from './actions'
import { Age } from './age'
import { HardenedBadge } from './hardened'
import { Meters, NetworkRate } from './meters'
import { StateBadge } from './state'

export const rowGrid =
  'md:grid md:grid-cols-[minmax(11rem,2.2fr)_repeat(4,minmax(4.25rem,1fr))_minmax(5.5rem,1fr)_3.5rem_2rem] md:items-center md:gap-x-4'

export interface RowProps {
  readonly sandbox: Sandbox & { readonly usage: Usage | null }
  readonly onStep: (step: Step) => void
  readonly onChange: () => void
  readonly onVolumes: () => void
  readonly onPublish: () => void
  readonly onDelete: () => void
}

/** One sandbox: its whole width opens it, but the menu at its end. */
export function Row({ sandbox, onStep, onChange, onVolumes, onPublish, onDelete }: RowProps) {
  const t = useTranslations()
  const router = useRouter()
  const { user, tenant } = useSession()
  const name = oneLine(sandbox.name)
  // Of forty students each may have one of the same name.
  const isOthers = sandbox.ownerId !== null && sandbox.ownerId !== user?.id
  const whose = sandbox.copyOf !== null ? t('sandbox.copyOfWork') : isOthers ? sandbox.createdBy : null
  return (
    <li className="group relative px-4 py-3 focus-within:bg-hover hover:bg-hover md:py-2.5">
      <div className={rowGrid}>
        <div className="min-w-0 pr-10 md:pr-0">
          <Link
            href={`/sandboxes/${sandbox.id}`}
            data-row
            className="block truncate font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
          >
            {name}
          </Link>
          <div className="mt-0.5 flex min-w-0 items-center gap-2 text-muted text-xs">
            <StateBadge of={sandbox} />
            <span className="truncate">
              {sandbox.state === 'failed' && sandbox.failure
                ? sentence(oneLine(sandbox.failure, 200))
                : [whose, sandbox.template].filter((one) => one !== null).join(' · ')}
            </span>
            {sandbox.isolation === 'hardened' && <HardenedBadge />}
          </div>
        </div>
        <div className="mt-3 grid grid-cols-2 gap-x-6 gap-y-2.5 md:contents">
          <Meters sandbox={sandbox} />
          <NetworkRate rates={sandbox.usage?.rates} off={sandbox.network === 'none'} />
          <span className="text-muted text-xs max-md:self-end max-md:text-right">
            <span className="sr-only">{t('sandbox.ageIs')}</span>
            <Age since={sandbox.createdAt} />
          </span>
        </div>
        <div className="absolute top-2 right-2 z-10 md:static md:-mr-1">
          <Menu
            trigger={
              <Button look="quiet" size="iconSmall" aria-label={t('sandbox.actionsFor', { name })}>
                <Ellipsis />
              </Button>
            }
          >
            <MenuItem onSelect={() => router.push(`/sandboxes/${sandbox.id}`)}>
              <SquareTerminal aria-hidden />
              {t('sandbox.open')}
            </MenuItem>
            {stepsOf[sandbox.state].map((step) => (
              <MenuItem key={step.verb} danger={step.destructive} onSelect={() => onStep(step)}>
                <step.icon aria-hidden />
                {t(`sandbox.steps.${step.verb}`)}
              </MenuItem>
            ))}
            <MenuItem onSelect={onChange}>
              <SlidersHorizontal aria-hidden />
              {t('sandbox.edit')}
            </MenuItem>
            {ranks[tenant.role] >= ranks.member && (
              <>
                <MenuItem onSelect={onVolumes}>
                  <HardDrive aria-hidden />
                  {t('volumes.choose')}
                </MenuItem>
                <MenuItem onSelect={() => router.push(`/schedules?sandbox=${sandbox.id}`)}>
                  <CalendarClock aria-hidden />
                  {t('pages.schedules')}
                </MenuItem>
              </>
            )}
            {sandbox.copyOf !== null && ranks[tenant.role] >= ranks.admin && (
              <MenuItem onSelect={onPublish}>
                <Eye aria-hidden />
                {t('sandbox.publish')}
              </MenuItem>
            )}
            <MenuLine />
            <MenuItem danger onSelect={onDelete}>
              <Trash2 aria-hidden />
              {t('sandbox.delete')}
            </MenuItem>
          </Menu>
        </div>
      </div>
    </li>
  )
}

export function RowHead() {
  const t = useTranslations()
  const heads = [
    t('sandbox.sandbox'),
    'CPU',
    t('units.bounds.memoryMiB'),
    t('units.bounds.diskMiB'),
    t('units.bounds.pids'),
    t('sandbox.network'),
    t('sandbox.age'),
    '',
  ]
  return (
    <div
      aria-hidden
      className={`hidden border-line border-b px-4 py-2 font-medium text-muted text-xs ${rowGrid}`}
    >
      {heads.map((name) => (
        <span key={name}>{name}</span>
      ))}
    </div>
  )
}
