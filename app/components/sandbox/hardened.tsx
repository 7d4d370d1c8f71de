import { ShieldCheck } from 'lucide-react'
import { Notice } from '../ui/notice'
import { Tip } from '../ui/tip'

/** What somebody who knows a standard sandbox will miss. docs/explanation/security.md says why. */
const summary = 'gVisor: sudo and su do not work, and the command tty prints “not a tty”'

/** Where hardened isolation is chosen: what differs in such a sandbox. */
export function HardenedNotice() {
  return (
    <Notice tone="info">
      In a hardened sandbox:
      <ul className="mt-1 grid list-disc gap-0.5 pl-4">
        <li>
          <code>sudo</code> and <code>su</code> do not work: the shell cannot become root. To work as root,
          choose <em>New root terminal</em> in the settings of a terminal, or send <code>"user": "root"</code>{' '}
          with a command in the API.
        </li>
        <li>
          The command <code>tty</code> prints “not a tty”, although terminals work.
        </li>
        <li>Programs that make many system calls run slower.</li>
      </ul>
    </Notice>
  )
}

/** Where a hardened sandbox is shown. */
export function HardenedBadge() {
  return (
    <Tip text={summary}>
      <span className="relative inline-flex shrink-0 items-center gap-1 text-muted text-xs" title={summary}>
        <ShieldCheck aria-hidden className="size-3.5" />
        Hardened
      </span>
    </Tip>
  )
}
