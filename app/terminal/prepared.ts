import { terminalLine } from './line'
import { Screen } from './screen'
import { TerminalTabs } from './terminal-tabs'

const prepared = new Map<string, TerminalTabs>()

/** A workspace of `sandboxId` with nothing in it. */
export function newWorkspace(sandboxId: string): TerminalTabs {
  return new TerminalTabs(sandboxId, terminalLine(), () => new Screen())
}

/** Opens the first terminal of a sandbox that was made a moment ago, while its page is still on the way. */
export function prepareWorkspace(sandboxId: string): void {
  const workspace = newWorkspace(sandboxId)
  workspace.open()
  workspace.fit(true)
  prepared.set(sandboxId, workspace)
}

/** The workspace that was prepared, given once; or else a new one. */
export function takeWorkspace(sandboxId: string): TerminalTabs {
  const workspace = prepared.get(sandboxId)
  prepared.delete(sandboxId)
  return workspace ?? newWorkspace(sandboxId)
}
