import { titled } from '../../messages/server'
import { Templates } from './templates'

export const generateMetadata = titled('templates')

export default function TemplatesPage() {
  return <Templates />
}
