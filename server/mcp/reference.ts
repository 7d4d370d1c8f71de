import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { promptList } from './prompts.js'
import { resourceTemplates } from './resources.js'
import type { Tool } from './tool.js'
import { tools } from './tools/index.js'

const property: z.ZodType<Property> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    description: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.string()).optional(),
    anyOf: z.array(property).optional(),
  }),
)
interface Property {
  readonly type?: string | undefined
  readonly description?: string | undefined
  readonly default?: unknown
  readonly enum?: readonly string[] | undefined
  readonly anyOf?: readonly Property[] | undefined
}
const schema = z.looseObject({
  properties: z.record(z.string(), property),
  required: z.array(z.string()).default([]),
})

/** Writes docs/reference/mcp.md. */
export function renderMcp(): string {
  return [
    '# The Model Context Protocol',
    'Generated from the tools themselves: a test keeps this page up to date (`bin/test server/mcp/reference -u`). [Connect an agent](../how-to/connect-an-agent.md) says how clients are configured.',
    transport,
    '## Tools',
    results,
    ...tools.map(toolText),
    '## Resources',
    'Each sandbox is a resource `sandbox://{id}/`, which tells what it is.',
    resourceTemplates.resourceTemplates
      .map(({ uriTemplate, description }) => `- \`${uriTemplate}\`: ${description}`)
      .join('\n'),
    '## Prompts',
    `${promptList.prompts.map(promptText).join('\n')}\n`,
  ].join('\n\n')
}

const transport = [
  '## Transport',
  '`POST /mcp` takes JSON-RPC messages by the transport "streamable HTTP". The versions of the protocol are ' +
    `${SUPPORTED_PROTOCOL_VERSIONS.map((one) => `\`${one}\``).join(', ')}; a client that asks for another one is offered the first. ` +
    '`cloche mcp` speaks stdio and passes each message on.',
  [
    '- An API key, or the access token of a program that somebody let in by OAuth, is sent as `Authorization: Bearer …`. The session of a browser is not taken. Without a good one the answer is 401 with a JSON-RPC error, and `WWW-Authenticate` names the address of the metadata from which a client finds its way ([Connect an agent](../how-to/connect-an-agent.md#with-oauth)).',
    '- Each POST is complete in itself, and any server answers any of them. `Mcp-Session-Id` of the answer to `initialize` names the client, for what it cancels; nothing is stored under it. `GET` and `DELETE` are answered with 405: the server sends nothing by itself, and there is no session to end.',
    '- The answer is JSON. It is a stream of events for a client that accepts one when there is something to tell before the end, or when it takes long.',
    '- `notifications/cancelled`, and hanging up, end what a call runs. A cancelled call has no response.',
    '- A body has at most 20 MiB and 20 messages. What is no JSON-RPC is answered as any [problem](api.md).',
  ].join('\n'),
].join('\n\n')

const results =
  'Each tool calls what the [HTTP API](api.md) calls, so permissions, quotas, limits and the audit log are the same. What goes wrong is a result with `isError` that begins with the code of the API, so that a model reads it. ' +
  'A result has at most about 30,000 characters; what is left out is told, with how to get it.'

function toolText({ name, description, inputSchema, annotations }: Tool): string {
  const { properties, required } = schema.parse(inputSchema)
  const kind = annotations.readOnlyHint
    ? 'Reads only.'
    : annotations.destructiveHint
      ? 'Changes or deletes what is there.'
      : 'Adds something.'
  const rows = Object.entries(properties).map(([argument, told]) => {
    const optional = required.includes(argument) ? '' : '?'
    const byDefault = told.default === undefined ? '' : `, default \`${JSON.stringify(told.default)}\``
    return `- \`${argument}\`${optional} (${typeOf(told)}${byDefault})${told.description === undefined ? '' : `: ${told.description}`}`
  })
  return [`### ${name}`, `${description} _${kind}_`, rows.join('\n')]
    .filter((part) => part !== '')
    .join('\n\n')
}

function typeOf({ type, enum: values, anyOf }: Property): string {
  if (values !== undefined) return values.map((one) => `\`${one}\``).join(' or ')
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ')
  return type ?? 'any'
}

const promptText = ({ name, description, arguments: args = [] }: (typeof promptList.prompts)[number]) =>
  `- \`${name}\` (${args.map((one) => `\`${one.name}\`${one.required ? '' : '?'}`).join(', ')}): ${description}`
