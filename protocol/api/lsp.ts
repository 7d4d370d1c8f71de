import { z } from 'zod'
import { exitStatus, workingDirectory } from './sandbox.js'

/** The name of a language server, such as `pyright`. */
export const languageServerId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)
/** As the Language Server Protocol names languages: `python`, `typescriptreact`, `shellscript`. */
export const languageId = z.string().regex(/^[a-z][a-z0-9+#.-]{0,31}$/)

/** A language server that is installed in a sandbox. */
export const languageServer = z.object({
  id: languageServerId,
  languages: z
    .array(languageId)
    .describe('that it is started for, as the Language Server Protocol names them'),
  command: z.array(z.string()),
  path: z.string().describe('of its program, inside'),
})
export type LanguageServer = z.infer<typeof languageServer>

/** Query of the WebSocket `/sandboxes/{id}/lsp`: exactly one of `server` and `language`. */
export const openLanguageServer = z
  .strictObject({
    server: languageServerId.optional(),
    language: languageId.optional(),
    root: workingDirectory.default('/home/user').describe('where it is started'),
  })
  .refine(({ server, language }) => (server === undefined) !== (language === undefined), {
    message: 'name either a `server` or a `language`',
  })
export type OpenLanguageServer = z.infer<typeof openLanguageServer>

/** The longest message, in bytes, that a client may send. */
export const maxClientMessageBytes = 8 * 1024 * 1024
/** The longest message that a language server may send. It is passed on in pieces. */
export const maxServerMessageBytes = 64 * 1024 * 1024

/** Why a connection to a language server ends, by the code that its WebSocket is closed with. */
export const lspClose = {
  /** The server was told to exit, and did. */
  ended: 1000,
  /** The connection is at its end because the platform's server is: connect again. */
  restart: 1012,
  /** The client sent something that is no message. */
  badMessage: 4400,
  /** The access that it was opened with has ended. */
  accessEnded: 4401,
  /** There is no such sandbox, or none that the caller has. */
  notFound: 4404,
  /** Refused otherwise: `code` of the last message says why. */
  refused: 4409,
  /** None of the language servers for this is installed. */
  notInstalled: 4424,
  /** More language servers than may run at once. */
  tooMany: 4429,
  /** It exited by itself. */
  exited: 4500,
  /** A signal killed it. */
  killed: 4501,
  /** It was killed because the sandbox's memory was full. */
  outOfMemory: 4502,
  /** It wrote something that is no message, or one that is too long. */
  garbage: 4503,
  /** It does not read what it is sent. */
  stalled: 4504,
  /** The client did not read for so long that output was lost. */
  tooSlow: 4505,
  /** The sandbox or its node went away. */
  unreachable: 4506,
} as const
export type LspClose = keyof typeof lspClose

/** The notification that comes last, where one can: what a close code has no room for. */
export const lspEndedMethod = '$/cloche/ended'

/** Its `params`. */
export const lspEnded = exitStatus.extend({
  reason: z.enum([
    'ended',
    'restart',
    'badMessage',
    'accessEnded',
    'notFound',
    'refused',
    'notInstalled',
    'tooMany',
    'exited',
    'killed',
    'outOfMemory',
    'garbage',
    'stalled',
    'tooSlow',
    'unreachable',
  ] satisfies LspClose[]),
  message: z.string(),
  code: z.string().nullable().describe('as the API refuses, where it is a refusal'),
  stderr: z.string().describe('the end of what it wrote to its standard error'),
})
export type LspEnded = z.infer<typeof lspEnded>
