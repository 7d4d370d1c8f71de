import { titled } from '../../messages/server'
import { Reset } from './reset'

export const generateMetadata = titled('reset')

export default function ResetPage() {
  return <Reset />
}
