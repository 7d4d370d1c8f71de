import type { EventType, MissedEvents, TenantEvent } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printable, printJson } from './output.js'

const known: Readonly<Record<EventType, true>> = {
  'sandbox.created': true,
  'sandbox.started': true,
  'sandbox.stopped': true,
  'sandbox.paused': true,
  'sandbox.resumed': true,
  'sandbox.failed': true,
  'sandbox.deleted': true,
  'sandbox.out_of_memory': true,
  'run.created': true,
  'run.finished': true,
  'build.finished': true,
  'submission.created': true,
  'quota.reached': true,
}
const isKnown = (word: string): word is EventType => Object.hasOwn(known, word)

/** The types that a person names, with commas between them. */
export function typesOf(text: string | undefined): EventType[] | undefined {
  return text?.split(',').map((word) => {
    if (isKnown(word)) return word
    throw new UsageError(`there is no event ${word}; there are ${Object.keys(known).join(', ')}`)
  })
}

const events = clientCommand({
  ...{ name: 'events', group: 'Events', operands: '' },
  summary: 'Print what happens in the tenant',
  details:
    'To sandboxes, runs, builds and hand-ins that you see. Events are kept for seven days. Without --follow it ends after those that are there; with it, and without --since, it prints what comes from now on.',
  flags: {
    follow: { type: 'boolean', short: 'f', help: 'wait for more' },
    since: { type: 'string', value: 'POSITION', help: 'after the event with this position; 0: all' },
    types: { type: 'string', value: 'TYPES', help: 'only these, such as run.finished,sandbox.failed' },
  },
  async run({ cloche, text, has, json }) {
    const types = typesOf(text('types'))
    const follow = has('follow')
    const position = text('since')
    if (position !== undefined && !/^\d+$/.test(position)) {
      throw new UsageError('--since: specify the position of an event, or 0')
    }
    const since = position === undefined ? (follow ? undefined : 0) : Number(position)
    const wanted = {
      follow,
      ...(types === undefined ? {} : { types }),
      ...(since === undefined ? {} : { since }),
    }
    for await (const event of cloche.events.follow(wanted)) {
      if (json) printJson(event)
      else console.log(lineOf(event))
    }
    return 0
  },
})

function lineOf(event: TenantEvent | MissedEvents): string {
  if (event.type === 'missed') return `missed: events up to position ${event.position} are not kept any more`
  const { position, timestamp, type, data } = event
  return printable([position, timestamp, type, JSON.stringify(data)].join('  '))
}

export const eventCommands: readonly Command[] = [events]
