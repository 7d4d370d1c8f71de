import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import type { FastifyBaseLogger } from 'fastify'
import { z } from 'zod'
import type { Principal } from '../auth/principal.js'
import { asApiError } from '../http/problem.js'
import type { Parts } from '../parts.js'
import { Excerpt, textMax } from './excerpt.js'

/** What is called for a client. They decide who may, hold quotas, and write the audit log. */
export type Services = Pick<
  Parts['services'],
  'sandboxes' | 'execs' | 'files' | 'runs' | 'ports' | 'snapshots' | 'events'
>

/** One call of a client. */
export interface Context {
  readonly who: Principal
  readonly services: Services
  readonly log: Pick<FastifyBaseLogger, 'error'>
  /** It was cancelled, or whoever made it has gone. */
  readonly signal: AbortSignal
  /** The same for what the tool itself ends, with what it runs. */
  cancel(): void
  /** Tells the client how far it is, when it wants to know. @param progress more than the time before */
  readonly progress: ((progress: number, message: string) => Promise<void>) | undefined
}

/** A tool as clients see it, and how it is called. */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: { readonly type: 'object'; readonly [name: string]: unknown }
  readonly annotations: ToolAnnotations
  /** @returns what went wrong as well, so that a model reads it and does better */
  call(context: Context, args: unknown): Promise<CallToolResult>
}

interface Description<S extends z.ZodObject> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: S
  readonly annotations: Omit<ToolAnnotations, 'title'>
}

const inputSchema = z.looseObject({ type: z.literal('object') })
/** Some clients compile patterns in another dialect, and refuse the tool. What is wrong with an argument is told when it is called. */
const withoutPattern = ({ jsonSchema }: { jsonSchema: { pattern?: unknown } }) => {
  delete jsonSchema.pattern
}

/** @param run answers with a text, or several; what it throws is told with its code */
export function tool<S extends z.ZodObject>(
  { input, annotations, ...described }: Description<S>,
  run: (context: Context, args: z.output<S>) => Promise<string | readonly string[]>,
): Tool {
  return {
    ...described,
    annotations: { title: described.title, openWorldHint: false, ...annotations },
    inputSchema: inputSchema.parse(z.toJSONSchema(input, { io: 'input', override: withoutPattern })),
    async call(context, args) {
      const parsed = input.safeParse(args ?? {})
      if (!parsed.success) {
        const mistakes = z.prettifyError(parsed.error)
        return failed(`invalid_request: the arguments of ${described.name} are wrong:\n${mistakes}`)
      }
      try {
        return answered([await run(context, parsed.data)].flat())
      } catch (error) {
        await context.services.events.noteRefusal(context.who, error)
        const { code, message, retryAfterSeconds } = asApiError(error)
        if (code === 'internal' && !context.signal.aborted) {
          context.log.error({ err: error, tool: described.name }, 'a call of a tool failed')
        }
        const again = retryAfterSeconds === undefined ? '' : ` (try again after ${retryAfterSeconds} s)`
        return failed(`${code}: ${message}${again}`)
      }
    },
  }
}

const answered = (texts: readonly string[]): CallToolResult => ({
  content: texts.map((text) => ({ type: 'text', text: bounded(text) })),
})

const failed = (text: string): CallToolResult => ({ ...answered([text]), isError: true })

/** Tools keep within the bound by themselves, with what to do for more; this is for what they did not foresee. */
function bounded(text: string): string {
  const excerpt = new Excerpt(textMax)
  excerpt.add(text)
  return excerpt.text('ask for less at once')
}
