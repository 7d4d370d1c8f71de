import type { Cloche, WebhookDelivery, WebhookDescription, WebhookWithSecret } from '../../sdk/index.js'
import { type Command, Failure, type Flag, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { typesOf } from './event.js'
import { printJson, printTable, showAge } from './output.js'

const group = 'Events'
const typesFlag: Flag = {
  ...{ type: 'string', value: 'TYPES' },
  help: 'which events are sent, such as run.finished,sandbox.failed; all if absent',
}

/** Names and ids of webhooks, for completion. */
async function webhookWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.webhooks.list()) words.push(id, name)
  return words
}

/** The id of the webhook that a person means by its id or its name. */
async function idOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a webhook by its name or id; cloche webhook ls lists them')
  if (/^wh_/.test(word)) return word
  const found: string[] = []
  for await (const { id, name } of cloche.webhooks.list()) if (name === word) found.push(id)
  const [id] = found
  if (id === undefined) throw new Failure(`there is no webhook ${word}; cloche webhook ls lists them`)
  if (found.length > 1) throw new Failure(`several webhooks are called ${word}: ${found.join(', ')}`)
  return id
}

function printSecret(made: WebhookWithSecret, json: boolean): void {
  if (json) printJson(made)
  else {
    console.log(made.id)
    console.log(made.secret)
    console.error('cloche: keep the secret now; it is not shown again')
  }
}

const add = clientCommand({
  ...{ name: 'webhook add', group, operands: 'URL', summary: 'Have events sent to a URL' },
  details:
    'Prints the id, and the secret that deliveries are signed with (Standard Webhooks). It is not shown again.',
  flags: { types: typesFlag, name: { type: 'string', value: 'NAME', help: 'the host of the URL if absent' } },
  async run({ cloche, words: [url], text, json }) {
    if (url === undefined) throw new UsageError('specify the URL')
    const [types, name] = [typesOf(text('types')), text('name')]
    printSecret(
      await cloche.webhooks.create({
        ...{ url, ...(types === undefined ? {} : { types }), ...(name === undefined ? {} : { name }) },
      }),
      json,
    )
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'webhook ls', group, operands: '', summary: 'List webhooks, with those that fail' },
  async run({ cloche, json }) {
    const all: WebhookDescription[] = []
    for await (const one of cloche.webhooks.list()) all.push(one)
    const stateOf = ({ enabled, problem, failingSince }: WebhookDescription) => {
      if (!enabled) return problem === null ? 'disabled' : `disabled: ${problem}`
      return failingSince === null ? 'enabled' : `failing for ${showAge(failingSince)}`
    }
    if (json) printJson(all)
    else {
      const rows = all.map((one) => [one.id, one.name, one.url, one.types.join(',') || 'all', stateOf(one)])
      printTable(['ID', 'NAME', 'URL', 'TYPES', 'STATE'], rows)
    }
    return 0
  },
})

const edit = clientCommand({
  ...{
    name: 'webhook edit',
    group,
    operands: 'WEBHOOK',
    summary: 'Change a webhook, or switch it on or off',
  },
  flags: {
    url: { type: 'string', value: 'URL', help: 'another address' },
    types: { ...typesFlag, help: 'which events are sent; all: every one' },
    name: { type: 'string', value: 'NAME', help: 'another name' },
    off: { type: 'boolean', help: 'sends nothing more, also of what waits' },
    on: { type: 'boolean', help: 'sends what happens from now on' },
  },
  completes: webhookWords,
  async run({ cloche, words, text, has, json }) {
    if (has('on') && has('off')) throw new UsageError('specify one of --on and --off')
    const [url, name, types] = [text('url'), text('name'), text('types')]
    const changed = await cloche.webhooks.update(await idOf(cloche, words[0]), {
      ...(url === undefined ? {} : { url }),
      ...(name === undefined ? {} : { name }),
      ...(types === undefined ? {} : { types: types === 'all' ? [] : (typesOf(types) ?? []) }),
      ...(has('on') || has('off') ? { enabled: has('on') } : {}),
    })
    if (json) printJson(changed)
    return 0
  },
})

const secret = clientCommand({
  ...{ name: 'webhook secret', group, operands: 'WEBHOOK', summary: 'Make a new secret of a webhook' },
  details: 'Deliveries are signed with both for a day, so that the receiver can be changed meanwhile.',
  completes: webhookWords,
  async run({ cloche, words, json }) {
    printSecret(await cloche.webhooks.rotateSecret(await idOf(cloche, words[0])), json)
    return 0
  },
})

const deliveries = clientCommand({
  ...{ name: 'webhook deliveries', group, operands: 'WEBHOOK', summary: 'List what was sent to a webhook' },
  details: 'The newest 200 events first, or those that have failed.',
  flags: { failed: { type: 'boolean', help: 'only those that are not tried any more' } },
  completes: webhookWords,
  async run({ cloche, words, has, json }) {
    const all: WebhookDelivery[] = []
    const of = has('failed') ? { state: 'failed' as const } : {}
    for await (const one of cloche.webhooks.deliveries(await idOf(cloche, words[0]), of)) {
      if (all.push(one) >= 200) break
    }
    const rows = all.map((one) => [
      ...[one.id, one.event.type, showAge(one.event.timestamp), one.state, String(one.tries)],
      ...[String(one.status ?? ''), one.error ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'EVENT', 'AGE', 'STATE', 'TRIES', 'STATUS', 'ERROR'], rows)
    return 0
  },
})

const replay = clientCommand({
  ...{ name: 'webhook replay', group, operands: 'WEBHOOK [DELIVERY...]' },
  summary: 'Send events to a webhook again',
  details: 'The deliveries that are named, or with --failed-since all that have failed since a time.',
  flags: {
    'failed-since': {
      type: 'string',
      value: 'TIME',
      help: 'such as 2027-01-15T09:00:00Z; of events from then on',
    },
  },
  completes: webhookWords,
  async run({ cloche, words: [word, ...ids], text, json }) {
    const id = await idOf(cloche, word)
    const since = text('failed-since')
    if ((since === undefined) === (ids.length === 0)) {
      throw new UsageError('specify deliveries, or --failed-since TIME')
    }
    for (const one of ids) await cloche.webhooks.replay(id, one)
    if (since === undefined) return 0
    const from = new Date(since)
    if (Number.isNaN(from.getTime()))
      throw new UsageError('--failed-since: specify a time, such as 2027-01-15T09:00:00Z')
    const replayed = await cloche.webhooks.replayFailed(id, from)
    if (json) printJson({ replayed })
    else console.log(replayed)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'webhook rm', group, operands: 'WEBHOOK...', summary: 'Delete webhooks with their deliveries' },
  completes: webhookWords,
  async run({ cloche, words }) {
    if (words.length === 0) await idOf(cloche, undefined)
    for (const word of words) await cloche.webhooks.delete(await idOf(cloche, word))
    return 0
  },
})

export const webhookCommands: readonly Command[] = [add, list, edit, secret, deliveries, replay, remove]
