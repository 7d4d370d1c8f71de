import { titled } from '../../messages/server'
import { Keys } from './keys'

export const generateMetadata = titled('keys')

export default function KeysPage() {
  return <Keys />
}
