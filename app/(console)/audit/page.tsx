import { titled } from '../../messages/server'
import { Audit } from './audit'

export const generateMetadata = titled('audit')

export default function AuditPage() {
  return <Audit />
}
