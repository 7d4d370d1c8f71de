import { titled } from '../../messages/server'
import { Members } from './members'

export const generateMetadata = titled('members')

export default function MembersPage() {
  return <Members />
}
