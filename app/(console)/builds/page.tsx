import { titled } from '../../messages/server'
import { Builds } from './builds'

export const generateMetadata = titled('builds')

export default function BuildsPage() {
  return <Builds />
}
