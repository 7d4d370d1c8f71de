'use client'

import { ArrowRightLeft, ChevronDown, ChevronUp, Copy, Ellipsis, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { type DragEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ClassTime } from '../../../components/assignments/class-time'
import { AssignmentBadge } from '../../../components/assignments/state'
import { Button } from '../../../components/ui/button'
import { Menu, MenuItem, MenuLine } from '../../../components/ui/menu'
import { cn } from '../../../lib/cn'
import { bytes, oneLine } from '../../../lib/format'
import type { AssignmentSummary } from '../../../lib/protocol-assignments'
import { useFormat } from '../../../lib/use-format'

/** What a row carries while it is dragged: its place. */
const draggedPlace = 'application/x-cloche-assignment'

/** A row that is moved by one of its buttons. */
export interface Put {
  readonly id: string
  readonly button: 'up' | 'down'
}

/** An assignment in the list of its class. It can be put elsewhere by its buttons, or dragged there. */
export function AssignmentRow({
  one,
  at,
  count,
  teaches,
  onPut,
  onDuplicate,
  onMove,
  onDelete,
}: {
  one: AssignmentSummary
  at: number
  count: number
  teaches: boolean
  onPut: (from: number, to: number, button: Put['button'] | null) => Promise<void>
  onDuplicate: () => void
  onMove: () => void
  onDelete: () => void
}) {
  const t = useTranslations()
  const { number } = useFormat()
  const [over, setOver] = useState(false)
  const name = oneLine(one.title, 120)
  const drag = {
    draggable: true,
    onDragStart: ({ dataTransfer }: DragEvent) => {
      dataTransfer.setData(draggedPlace, String(at))
      dataTransfer.effectAllowed = 'move'
    },
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes(draggedPlace)) return
      event.preventDefault()
      setOver(true)
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false)
      const from = event.dataTransfer.getData(draggedPlace)
      if (from !== '') void onPut(Number(from), at, null)
    },
  }
  const places = [
    { button: 'up', icon: ChevronUp, label: t('assignments.moveUp', { name }), to: at - 1 },
    { button: 'down', icon: ChevronDown, label: t('assignments.moveDown', { name }), to: at + 1 },
  ] as const
  return (
    <tr data-row-of={one.id} className={cn(over && 'bg-accent-soft')} {...(teaches ? drag : {})}>
      <td className="font-medium">
        <Link href={`/assignments/${one.id}`} className="underline underline-offset-2">
          {name}
        </Link>
      </td>
      <td>
        <AssignmentBadge state={one.state} />
      </td>
      <td className="whitespace-nowrap">
        {one.dueAt ? <ClassTime time={one.dueAt} plain /> : t('assignments.neverDue')}
      </td>
      <td className="tabular">{number(one.stepCount)}</td>
      <td className="tabular text-muted">
        {one.starter?.state === 'ready'
          ? one.starter.files === 0
            ? '–'
            : t('assignments.starterFiles', { count: one.starter.files, size: bytes(one.starter.bytes) })
          : t(`assignments.starters.${one.starter?.state ?? 'preparing'}`)}
        {one.starter?.message && <span className="block text-bad text-xs">{one.starter.message}</span>}
      </td>
      <td>
        {teaches && (
          <div className="flex justify-end gap-0.5">
            {places.map(({ button, icon: Icon, label, to }) => (
              <Button
                key={button}
                data-put={button}
                look="quiet"
                size="iconSmall"
                aria-label={label}
                disabled={to < 0 || to >= count}
                onClick={() => void onPut(at, to, button)}
              >
                <Icon />
              </Button>
            ))}
            <Menu
              trigger={
                <Button look="quiet" size="iconSmall" aria-label={t('assignments.actionsFor', { name })}>
                  <Ellipsis />
                </Button>
              }
            >
              <MenuItem onSelect={onDuplicate}>
                <Copy aria-hidden />
                {t('assignments.duplicate')}
              </MenuItem>
              <MenuItem onSelect={onMove}>
                <ArrowRightLeft aria-hidden />
                {t('assignments.move')}
              </MenuItem>
              <MenuLine />
              <MenuItem danger onSelect={onDelete}>
                <Trash2 aria-hidden />
                {t('assignments.delete')}
              </MenuItem>
            </Menu>
          </div>
        )}
      </td>
    </tr>
  )
}
