import { titled } from '../../../messages/server'
import { ApiReference } from './api-reference'

export const generateMetadata = titled('reference')

export default function ApiReferencePage() {
  return <ApiReference />
}
