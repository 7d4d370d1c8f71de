import { titled } from '../../messages/server'
import { Authorize } from './authorize'

export const generateMetadata = titled('authorize')

export default function AuthorizePage() {
  return <Authorize />
}
