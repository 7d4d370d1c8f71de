import { titled } from '../../messages/server'
import { UsagePage } from './usage'

export const generateMetadata = titled('usage')

export default function Usage() {
  return <UsagePage />
}
