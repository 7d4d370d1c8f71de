import {
  ErrorCode,
  type InitializeResult,
  type JSONRPCRequest,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { version } from '../../package.json'
import { limitsText } from './limits.js'
import { invalidParams, ProtocolError } from './messages.js'
import { getPrompt, promptList } from './prompts.js'
import { listResources, readResource, resourceTemplates } from './resources.js'
import type { Context } from './tool.js'
import { tools } from './tools/index.js'

/** What a model is told once about all tools. */
const instructions =
  'Cloche runs programs in isolated Linux sandboxes. For one program, use run_code: nothing is kept. ' +
  'For work with several steps, create_sandbox once, keep its id, and use run_command and the tools for files with it; ' +
  'list_sandboxes finds those of before. Sandboxes that are not needed any more are deleted with delete_sandbox.'

const text = z.string().min(1).max(4096)
const page = z.looseObject({ cursor: text.optional() }).default({})
const called = z.looseObject({ name: text, arguments: z.record(z.string(), z.unknown()).optional() })
const read = z.looseObject({ uri: z.string().min(1).max(16_384) })
const initialize = z.looseObject({ protocolVersion: text })

const toolList = { tools: tools.map(({ call: _, ...described }) => described) }
const toolOf = new Map(tools.map((one) => [one.name, one]))

/** What a client may ask. Nothing of it is remembered for the next call. */
const methods: Readonly<Record<string, (context: Context, params: unknown) => Promise<object> | object>> = {
  initialize: ({ who }, params) => negotiated(who, parsed(initialize, params).protocolVersion),
  ping: () => ({}),
  'tools/list': () => toolList,
  'tools/call': (context, params) => {
    const { name, arguments: args } = parsed(called, params)
    const found = toolOf.get(name)
    if (found === undefined) {
      throw invalidParams(`unknown tool ${name}; there are ${[...toolOf.keys()].join(', ')}`)
    }
    return found.call(context, args)
  },
  'resources/list': (context, params) => listResources(context, parsed(page, params).cursor),
  'resources/templates/list': () => resourceTemplates,
  'resources/read': (context, params) => readResource(context, parsed(read, params).uri),
  'prompts/list': () => promptList,
  'prompts/get': (_, params) => {
    const { name, arguments: args } = parsed(called, params)
    return getPrompt(name, args)
  },
}

/** @throws ProtocolError, ApiError */
export async function answerOf(context: Context, { method, params }: JSONRPCRequest): Promise<object> {
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (known === undefined) {
    throw new ProtocolError(ErrorCode.MethodNotFound, `there is no method ${method.slice(0, 200)}`)
  }
  return known(context, params)
}

function parsed<S extends z.ZodType>(schema: S, params: unknown): z.output<S> {
  const result = schema.safeParse(params)
  if (result.success) return result.data
  throw invalidParams(`params: ${z.prettifyError(result.error)}`)
}

/** The version that the client asked for, or the newest one: it decides whether it can go on with that. */
function negotiated({ keyLimits }: Context['who'], wanted: string): InitializeResult {
  return {
    protocolVersion: SUPPORTED_PROTOCOL_VERSIONS.includes(wanted) ? wanted : LATEST_PROTOCOL_VERSION,
    capabilities: { tools: {}, resources: {}, prompts: {} },
    serverInfo: { name: 'cloche', title: 'Cloche', version },
    instructions: instructions + limitsText(keyLimits),
  }
}
