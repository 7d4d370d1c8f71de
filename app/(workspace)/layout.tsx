import type { ReactNode } from 'react'
import { Session } from '../lib/session'

export default function WorkspaceLayout({ children }: { children: ReactNode }) {
  return <Session>{children}</Session>
}
