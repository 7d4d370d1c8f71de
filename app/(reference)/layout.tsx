import type { ReactNode } from 'react'
import { Shell } from '../components/shell/shell'
import { SessionIfAny } from '../lib/session'
import { GuestFrame } from './guest-frame'

/** Pages that whoever is not signed in reads as well: with a session they stand in the console. */
export default function ReferenceLayout({ children }: { children: ReactNode }) {
  return (
    <SessionIfAny guest={<GuestFrame>{children}</GuestFrame>}>
      <Shell>{children}</Shell>
    </SessionIfAny>
  )
}
