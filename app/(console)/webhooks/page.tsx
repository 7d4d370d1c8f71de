import { titled } from '../../messages/server'
import { Webhooks } from './webhooks'

export const generateMetadata = titled('webhooks')

export default function WebhooksPage() {
  return <Webhooks />
}
