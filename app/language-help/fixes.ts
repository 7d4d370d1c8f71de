import type { LSPPlugin } from '@codemirror/lsp-client'
import type { EditorView } from '@codemirror/view'
import { z } from 'zod'
import '../lib/jitless'
import { TextError } from '../lib/text-error'
import type { Fix, HelpTools } from './help-tools'
import { type WorkspaceEdit, workspaceEdit } from './messages'
import type { Problem } from './problems'
import { refusalOf } from './refusals'
import { applyEdits } from './rename'
import type { Server } from './server'

/** A server inside may offer any number. */
const fixesMax = 100

const command = z.object({
  title: z.string(),
  command: z.string(),
  arguments: z.array(z.unknown()).optional(),
})
const action = z.looseObject({
  title: z.string(),
  isPreferred: z.boolean().optional().catch(undefined),
  disabled: z.object({ reason: z.string() }).optional().catch(undefined),
  edit: workspaceEdit.optional(),
  command: command.optional(),
})
/** What a server offers: what it calls an action, or a command of its own as older ones do. */
const offered = z.union([command.transform((one) => ({ title: one.title, command: one })), action])
type Offered = z.infer<typeof action>

/** What can be done, the best first. */
export function fixesIn(result: unknown): readonly Offered[] {
  const all: unknown[] = Array.isArray(result) ? result.slice(0, fixesMax) : []
  return all
    .flatMap((one) => offered.safeParse(one).data ?? [])
    .filter((one: Offered) => one.disabled === undefined)
    .sort((a: Offered, b: Offered) => Number(b.isPreferred ?? false) - Number(a.isPreferred ?? false))
}

/** Asks what a server can do about the selection, and lists it below the text. */
export async function listFixes(
  help: HelpTools,
  server: Server,
  view: EditorView,
  plugin: LSPPlugin,
  problems: readonly Problem[],
): Promise<void> {
  server.client.sync()
  const { from, to } = view.state.selection.main
  const range = { start: plugin.toPosition(from), end: plugin.toPosition(to) }
  const diagnostics = problems
    .filter((one) => one.range.start.line <= range.end.line && one.range.end.line >= range.start.line)
    .map(({ said }) => said)
  const answer: unknown = await server.client.request('textDocument/codeAction', {
    textDocument: { uri: plugin.uri },
    range,
    context: { diagnostics, triggerKind: 1 },
  })
  const found = fixesIn(answer)
  if (found.length === 0) throw new TextError('language.noFixes')
  const fixes = found.map(
    (one): Fix => ({
      title: one.title,
      preferred: one.isPreferred ?? false,
      choose: () => {
        help.panel.set(null)
        view.focus()
        doIt(help, server, one).catch((error) => help.words?.failed(refusalOf(error)))
      },
    }),
  )
  help.fixes.set({ line: range.start.line + 1, fixes })
  help.panel.set('fixes')
}

async function doIt(help: HelpTools, server: Server, chosen: Offered): Promise<void> {
  const isWhole = chosen.edit !== undefined || chosen.command !== undefined
  const whole = isWhole ? chosen : action.parse(await server.client.request('codeAction/resolve', chosen))
  let files = whole.edit ? await applyFix(help, server, whole.edit) : 0
  if (whole.command) {
    const { command: name, arguments: args = [] } = whole.command
    files += await server.whileApplying(
      (edit) => applyFix(help, server, edit),
      () => server.client.request('workspace/executeCommand', { command: name, arguments: args }),
    )
  }
  if (files === 0) throw new TextError('language.nothingFixed')
  server.client.sync()
}

const applyFix = (help: HelpTools, { client, workspace }: Server, edit: WorkspaceEdit): Promise<number> =>
  client.withMapping((mapping) => applyEdits(edit, help.open, workspace, mapping))
