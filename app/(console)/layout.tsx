import type { ReactNode } from 'react'
import { Shell } from '../components/shell/shell'
import { Session } from '../lib/session'

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <Session>
      <Shell>{children}</Shell>
    </Session>
  )
}
