import { titled } from '../../messages/server'
import { Dashboard } from './dashboard'

export const generateMetadata = titled('sandboxes')

export default function SandboxesPage() {
  return <Dashboard />
}
