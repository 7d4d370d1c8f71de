import { Ellipsis, Pencil, Play, Power, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Menu, MenuItem, MenuLine } from '../../components/ui/menu'
import { oneLine, sentence } from '../../lib/format'
import type { Schedule } from '../../lib/protocol-schedules'
import { useFormat } from '../../lib/use-format'
import { useWhenText } from './when-text'

/** @param sandbox the name of its sandbox */
export function ScheduleRow({
  schedule,
  sandbox,
  onRun,
  onEdit,
  onTurn,
  onDelete,
}: {
  schedule: Schedule
  sandbox: string | undefined
  onRun: () => void
  onEdit: () => void
  onTurn: () => void
  onDelete: () => void
}) {
  const t = useTranslations()
  const whenText = useWhenText()
  const { dateTime } = useFormat()
  const { action, enabled, nextAt, last } = schedule
  const name = oneLine(schedule.name)
  return (
    <tr>
      <td className="max-w-60 truncate font-medium">{name}</td>
      <td>
        <span>{t(`schedules.actions.${action}`)}</span>
        <span className="block max-w-60 truncate text-muted text-xs">
          {schedule.sandbox === null ? (
            schedule.template
          ) : (
            <Link href={`/sandboxes/${schedule.sandbox}`} className="hover:underline">
              {sandbox}
            </Link>
          )}
        </span>
      </td>
      <td>
        <span className="whitespace-nowrap">{whenText(schedule.cron)}</span>
        <span className="block text-muted text-xs">{schedule.timeZone}</span>
      </td>
      <td className="tabular whitespace-nowrap">
        {enabled ? (
          nextAt !== null && dateTime(nextAt)
        ) : (
          <span className="text-muted">{t('schedules.off')}</span>
        )}
      </td>
      <td className="max-w-80">
        {last === null ? (
          <span className="text-muted">{t('schedules.never')}</span>
        ) : (
          <>
            <span
              className={
                last.outcome === 'failed' ? 'text-bad' : last.outcome === 'succeeded' ? 'text-good' : ''
              }
            >
              {t(`schedules.outcomes.${last.outcome}`)}
            </span>{' '}
            <span className="text-muted text-xs">
              <Age since={last.at} />
            </span>
            {last.message !== null && (
              <span className="block text-muted text-xs">{sentence(oneLine(last.message, 300))}</span>
            )}
          </>
        )}
      </td>
      <td className="text-right">
        <Menu
          trigger={
            <Button look="quiet" size="iconSmall" aria-label={t('schedules.actionsFor', { name })}>
              <Ellipsis />
            </Button>
          }
        >
          <MenuItem onSelect={onRun} disabled={!enabled}>
            <Play aria-hidden />
            {t('schedules.run')}
          </MenuItem>
          <MenuItem onSelect={onEdit}>
            <Pencil aria-hidden />
            {t('schedules.edit')}
          </MenuItem>
          <MenuItem onSelect={onTurn}>
            <Power aria-hidden />
            {t(enabled ? 'schedules.turnOff' : 'schedules.turnOn')}
          </MenuItem>
          <MenuLine />
          <MenuItem danger onSelect={onDelete}>
            <Trash2 aria-hidden />
            {t('schedules.delete')}
          </MenuItem>
        </Menu>
      </td>
    </tr>
  )
}
