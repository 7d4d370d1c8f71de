'use client'

import { shortcuts } from '../../terminal/keys'
import { workspaceShortcuts } from '../../workspace/keys'
import { Dialog, DialogBody } from '../ui/dialog'
import { Keys } from '../ui/keys'

export function KeysDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Keyboard shortcuts"
      description="All other keys are sent to the program in the terminal."
    >
      <DialogBody>
        <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2">
          {[...shortcuts, ...workspaceShortcuts].map(({ keys, name }) => (
            <div key={name} className="contents">
              <dt>{name}</dt>
              <dd>
                <Keys keys={keys} />
              </dd>
            </div>
          ))}
        </dl>
        <p className="text-muted text-xs">
          On a tab: arrow keys select, Alt+arrow moves, F2 renames, Delete closes, Enter focuses the terminal.
        </p>
      </DialogBody>
    </Dialog>
  )
}
