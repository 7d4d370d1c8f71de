import { oneLine } from '../../lib/format'
import type { AuditEvent } from '../../lib/protocol-audit'
import type { Translate } from '../../messages/texts'

/** The name of something in a sentence, with its page while it exists. */
export interface Name {
  readonly name: string
  readonly href: string | null
}

/** What still exists besides sandboxes and members, which events know themselves. */
export interface Existing {
  readonly keys: ReadonlySet<string>
  readonly invitations: ReadonlySet<string>
}

/** What an event says under `name`, as one line; empty when it says nothing. */
export function told(event: AuditEvent, name: string): string {
  const value = event.detail[name]
  return typeof value === 'string' || typeof value === 'number' ? oneLine(String(value), 200) : ''
}

export function sandboxOf(event: AuditEvent, t: Translate): Name {
  const name = event.targetName ?? told(event, 'name')
  return {
    name: oneLine(name || (event.target ?? t('audit.unknown')), 64),
    href: event.targetExists ? `/sandboxes/${event.target}` : null,
  }
}

export function personOf(event: AuditEvent, t: Translate): Name {
  const name = event.targetName ?? (told(event, 'email') || (event.target ?? t('audit.unknown')))
  return { name: oneLine(name, 254), href: event.targetExists ? '/members' : null }
}

export function keyOf(event: AuditEvent, { keys }: Existing, t: Translate): Name {
  return {
    name: told(event, 'name') || (event.target ?? t('audit.unknown')),
    href: keys.has(event.target ?? '') ? '/keys' : null,
  }
}

export function invitedOf(event: AuditEvent, { invitations }: Existing): Name {
  return { name: told(event, 'email'), href: invitations.has(event.target ?? '') ? '/members' : null }
}

/** What has no page of its own, such as a path. */
export const plain = (name: string): Name => ({ name, href: null })
