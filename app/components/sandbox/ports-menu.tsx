'use client'

import { AppWindow, ExternalLink, Globe, Link2, Link2Off } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useTranslations } from 'use-intl'
import type { ForwardedPort } from '../../devcontainer/parse'
import { call } from '../../lib/api'
import { copyText } from '../../lib/clipboard'
import { oneLine } from '../../lib/format'
import { type Port, portShare, type Sandbox } from '../../lib/protocol'
import { useMay } from '../../lib/session'
import { useExplain } from '../../lib/use-explain'
import { useFormat } from '../../lib/use-format'
import { useCommands } from '../../palette/commands'
import { Button } from '../ui/button'
import { Menu, MenuItem, MenuLine, menuItem } from '../ui/menu'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'
import { usePorts } from './ports'

/** A link that was given away ends by itself. */
const sharedMs = 24 * 3_600_000

/** What listens inside, each a click away from its preview, and from a link for others. */
export function PortsMenu({
  sandbox,
  forwarded,
  onPreview,
}: {
  sandbox: Sandbox
  /** Ports that the project says it has, also while nothing listens there. */
  forwarded: readonly ForwardedPort[]
  onPreview: (port: number) => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const { id, isolation, access } = sandbox
  const inTenant = useMay('member')
  const hardened = isolation === 'hardened'
  const { ports, error, refresh } = usePorts(sandbox)
  const toast = useToast()
  const change = async (number: number, body: object) => {
    try {
      const { url } = await call(portShare, `/sandboxes/${id}/ports/${number}`, { method: 'PUT', body })
      await refresh()
      return url
    } catch (failure) {
      toast.failed(failure)
      return null
    }
  }
  const share = async (number: number) => {
    const expiresAt = new Date(Date.now() + sharedMs).toISOString()
    const url = await change(number, { visibility: 'public', expiresAt })
    if (url === null) return
    const copied = await copyText(url)
    toast.done(
      copied
        ? t('sandbox.linkCopied', { port: String(number) })
        : t('sandbox.linkShown', { port: String(number), url }),
    )
  }
  useCommands(
    ports.flatMap(({ port: number, url, address }) =>
      url === null || address === null
        ? []
        : { name: t('preview.show', { port: String(number) }), run: () => onPreview(number) },
    ),
  )
  const labels = new Map(forwarded.map(({ port: number, label }) => [number, label]))
  const silent = forwarded.filter(({ port: number }) => !ports.some((one) => one.port === number))
  const numbers = ports.map((one) => one.port).join(', ')
  const name = numbers ? t('sandbox.portsAre', { ports: numbers }) : t('sandbox.ports')
  return (
    <Menu
      trigger={
        <Button look="quiet" size="small" aria-label={name}>
          <Tip text={name}>
            <span className="flex items-center gap-1.5">
              <Globe aria-hidden />
              {ports.length > 0 && <span aria-hidden>{ports.length}</span>}
            </span>
          </Tip>
        </Button>
      }
    >
      {ports.map((one, at) => (
        <PortItems
          key={one.port}
          port={one}
          label={labels.get(one.port) ?? null}
          first={at === 0}
          mayShare={access === 'full' && inTenant}
          onPreview={() => onPreview(one.port)}
          onShare={() => void share(one.port)}
          onUnshare={() => void change(one.port, { visibility: 'private' })}
        />
      ))}
      {silent.map(({ port: number, label }) => (
        <p key={number} className="px-2 pt-1.5 text-xs">
          <span className="font-semibold">{number}</span>{' '}
          <span className="text-muted">
            {label !== null && `${oneLine(label, 64)}: `}
            {t('sandbox.nothingListens')}
          </span>
        </p>
      ))}
      {ports.length === 0 && silent.length === 0 && (
        <p className="max-w-64 px-2 py-1.5 text-muted text-xs">
          {hardened ? t('sandbox.noPortsHardened') : error ? explain(error) : t('sandbox.noPorts')}
        </p>
      )}
    </Menu>
  )
}

function PortItems({
  port: { port: number, url, process, address, visibility, expiresAt },
  label,
  first,
  mayShare,
  onPreview,
  onShare,
  onUnshare,
}: {
  port: Port
  /** What the project calls it. */
  label: string | null
  first: boolean
  /** Guests open what listens, and share nothing. */
  mayShare: boolean
  onPreview: () => void
  onShare: () => void
  onUnshare: () => void
}) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const shared = visibility === 'public'
  const listener = address === null ? t('sandbox.nothingListens') : (process ?? address)
  return (
    <DropdownMenu.Group aria-label={t('sandbox.port', { port: String(number) })}>
      {!first && <MenuLine />}
      <DropdownMenu.Label className="px-2 pt-1.5 pb-0.5 text-xs">
        <span className="font-semibold">{number}</span> {label !== null && <span>{oneLine(label, 64)} </span>}
        <span className="text-muted">
          {!shared && listener}
          {shared && expiresAt === null && t('sandbox.portShared', { process: listener })}
          {shared &&
            expiresAt !== null &&
            t('sandbox.portSharedUntil', { process: listener, time: dateTime(expiresAt) })}
        </span>
      </DropdownMenu.Label>
      {url !== null && address !== null && (
        <MenuItem onSelect={onPreview}>
          <AppWindow aria-hidden />
          {t('preview.showHere')}
        </MenuItem>
      )}
      {url !== null && (
        <DropdownMenu.Item asChild className={menuItem(false)}>
          <a href={url} target="_blank" rel="noopener">
            <ExternalLink aria-hidden />
            {t('sandbox.openPort', { port: String(number) })}
          </a>
        </DropdownMenu.Item>
      )}
      {url !== null && mayShare && (
        <MenuItem onSelect={onShare}>
          <Link2 aria-hidden />
          {t(shared ? 'sandbox.copyLink' : 'sandbox.share')}
        </MenuItem>
      )}
      {shared && mayShare && (
        <MenuItem onSelect={onUnshare}>
          <Link2Off aria-hidden />
          {t('sandbox.unshare')}
        </MenuItem>
      )}
    </DropdownMenu.Group>
  )
}
