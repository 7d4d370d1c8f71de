import { Ellipsis, KeyRound, List, Pencil, Power, Trash2 } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Menu, MenuItem, MenuLine } from '../../components/ui/menu'
import { oneLine, sentence } from '../../lib/format'
import type { Webhook } from '../../lib/protocol-webhooks'

export function WebhookRow({
  webhook,
  onShow,
  onEdit,
  onTurn,
  onRotate,
  onDelete,
}: {
  webhook: Webhook
  onShow: () => void
  onEdit: () => void
  onTurn: () => void
  onRotate: () => void
  onDelete: () => void
}) {
  const t = useTranslations()
  const { url, types, enabled, problem, failingSince } = webhook
  const name = oneLine(webhook.name)
  return (
    <tr>
      <td className="max-w-80">
        <button
          type="button"
          className="block max-w-full truncate font-medium hover:underline"
          onClick={onShow}
        >
          {name}
        </button>
        <span className="block truncate text-muted text-xs">{oneLine(url, 2048)}</span>
      </td>
      <td className="max-w-80 font-mono text-xs">
        {types.length === 0 ? <span className="font-sans">{t('webhooks.allTypes')}</span> : types.join(', ')}
      </td>
      <td className="max-w-80">
        {enabled ? (
          failingSince === null ? (
            t('webhooks.on')
          ) : (
            <>
              <span className="text-bad">{t('webhooks.failing')}</span>{' '}
              <span className="text-muted text-xs">
                <Age since={failingSince} />
              </span>
            </>
          )
        ) : (
          <span className="text-muted">{t('webhooks.off')}</span>
        )}
        {problem !== null && (
          <span className="block text-bad text-xs">{sentence(oneLine(problem, 300))}</span>
        )}
      </td>
      <td className="text-right">
        <Menu
          trigger={
            <Button look="quiet" size="iconSmall" aria-label={t('webhooks.actionsFor', { name })}>
              <Ellipsis />
            </Button>
          }
        >
          <MenuItem onSelect={onShow}>
            <List aria-hidden />
            {t('webhooks.deliveries')}
          </MenuItem>
          <MenuItem onSelect={onEdit}>
            <Pencil aria-hidden />
            {t('webhooks.edit')}
          </MenuItem>
          <MenuItem onSelect={onTurn}>
            <Power aria-hidden />
            {t(enabled ? 'webhooks.disable' : 'webhooks.enable')}
          </MenuItem>
          <MenuItem onSelect={onRotate}>
            <KeyRound aria-hidden />
            {t('webhooks.newSecret')}
          </MenuItem>
          <MenuLine />
          <MenuItem danger onSelect={onDelete}>
            <Trash2 aria-hidden />
            {t('webhooks.delete')}
          </MenuItem>
        </Menu>
      </td>
    </tr>
  )
}
