import type { Metadata } from 'next'
import { Dashboard } from './dashboard'

export const metadata: Metadata = { title: 'Sandboxes' }

export default function SandboxesPage() {
  return <Dashboard />
}
