import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import type { AuditEvent } from '../../lib/protocol-audit'
import { useFormat } from '../../lib/use-format'
import type { Translate } from '../../messages/texts'
import type { Existing } from './names'
import { type Part, sentenceOf } from './sentence'

/**
 * One event as a sentence. People choose their names, so the address or the key that acted stands beside it always.
 *
 * @param name of the person whose address the actor is, where they are a member
 */
export function EventLine({
  event,
  name,
  existing,
}: {
  event: AuditEvent
  name: string | undefined
  existing: Existing
}) {
  const t = useTranslations()
  const format = useFormat()
  const who = oneLine(name ?? subjectOf(event.actor, t), 254)
  const at = new Date(event.at)
  return (
    <tr className="align-baseline">
      <td className="min-w-72">
        <span className="font-medium">{who}</span>{' '}
        {sentenceOf(event, existing, t, format).map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence never move
          <PartView key={index} part={part} />
        ))}
      </td>
      <td className="max-w-64 truncate text-muted text-xs">
        {event.actor === 'cloche' ? t('audit.automatic') : oneLine(event.actor, 254)}
      </td>
      <td className="tabular whitespace-nowrap text-muted text-xs">
        <time dateTime={event.at} title={`${at.toISOString()}${event.target ? `, ${event.target}` : ''}`}>
          {format.dateTime(event.at)}
        </time>
      </td>
    </tr>
  )
}

/** Who acted when it is no member: Cloche itself, an API key, or an address. */
function subjectOf(actor: string, t: Translate): string {
  if (actor === 'cloche') return 'Cloche'
  return actor.startsWith('key ') ? t('audit.byKey', { name: actor.slice(4) }) : actor
}

function PartView({ part }: { part: Part }) {
  if (typeof part === 'string') return part
  if (part.href === null) return <em className="break-all text-ink">{part.name}</em>
  return (
    <Link
      href={part.href}
      className="break-all rounded text-accent underline decoration-edge underline-offset-2"
    >
      {part.name}
    </Link>
  )
}
