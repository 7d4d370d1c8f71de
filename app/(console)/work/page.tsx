import { titled } from '../../messages/server'
import { Work } from './work'

export const generateMetadata = titled('work')

export default function WorkPage() {
  return <Work />
}
