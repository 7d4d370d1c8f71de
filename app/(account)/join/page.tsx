import { titled } from '../../messages/server'
import { Join } from './join'

export const generateMetadata = titled('join')

export default function JoinPage() {
  return <Join />
}
