'use client'

import { ExternalLink, Globe, Link2, Link2Off } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { z } from 'zod'
import { call } from '../../lib/api'
import { copyText } from '../../lib/clipboard'
import { dateTime } from '../../lib/format'
import { type Port, port, portShare, type Sandbox } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { Button } from '../ui/button'
import { Menu, MenuItem, MenuLine, menuItem } from '../ui/menu'
import { Tip } from '../ui/tip'
import { useToast } from '../ui/toast'

const list = z.object({ ports: z.array(port) })
/** A program that begins to listen is shown within this. */
const everyMs = 1000
/** A link that was given away ends by itself. */
const sharedMs = 24 * 3_600_000

/** What listens inside, each a click away from its preview, and from a link for others. */
export function PortsMenu({ sandbox: { id, state, isolation } }: { sandbox: Sandbox }) {
  const explain = useExplain()
  const hardened = isolation === 'hardened'
  const seen = state === 'running' && !hardened
  const { data, error, mutate } = useResource(seen ? `/sandboxes/${id}/ports` : null, list, { everyMs })
  const toast = useToast()
  const ports = seen ? (data?.ports ?? []) : []
  const change = async (number: number, body: object) => {
    try {
      const { url } = await call(portShare, `/sandboxes/${id}/ports/${number}`, { method: 'PUT', body })
      await mutate()
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
    toast.done(`Anyone with the link can open port ${number} for 24 hours. ${copied ? 'Link copied.' : url}`)
  }
  const name = ports.length === 0 ? 'Ports' : `Ports: ${ports.map((one) => one.port).join(', ')}`
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
          first={at === 0}
          onShare={() => void share(one.port)}
          onUnshare={() => void change(one.port, { visibility: 'private' })}
        />
      ))}
      {ports.length === 0 && (
        <p className="max-w-64 px-2 py-1.5 text-muted text-xs">
          {hardened
            ? 'Ports of hardened sandboxes cannot be opened yet.'
            : seen && error
              ? explain(error)
              : 'No program listens on a port yet. Start one, for example: python3 -m http.server 8000'}
        </p>
      )}
    </Menu>
  )
}

function PortItems({
  port: { port: number, url, process, address, visibility, expiresAt },
  first,
  onShare,
  onUnshare,
}: {
  port: Port
  first: boolean
  onShare: () => void
  onUnshare: () => void
}) {
  const shared = visibility === 'public'
  const until = expiresAt === null ? '' : ` until ${dateTime(expiresAt)}`
  return (
    <DropdownMenu.Group aria-label={`Port ${number}`}>
      {!first && <MenuLine />}
      <DropdownMenu.Label className="px-2 pt-1.5 pb-0.5 text-xs">
        <span className="font-semibold">{number}</span>{' '}
        <span className="text-muted">
          {address === null ? 'nothing listens now' : (process ?? address)}
          {shared && `, shared${until}`}
        </span>
      </DropdownMenu.Label>
      {url !== null && (
        <DropdownMenu.Item asChild className={menuItem(false)}>
          <a href={url} target="_blank" rel="noopener">
            <ExternalLink aria-hidden />
            Open port {number}
          </a>
        </DropdownMenu.Item>
      )}
      {url !== null && (
        <MenuItem onSelect={onShare}>
          <Link2 aria-hidden />
          {shared ? 'Copy link, 24 hours from now' : 'Share by a link'}
        </MenuItem>
      )}
      {shared && (
        <MenuItem onSelect={onUnshare}>
          <Link2Off aria-hidden />
          Stop sharing
        </MenuItem>
      )}
    </DropdownMenu.Group>
  )
}
