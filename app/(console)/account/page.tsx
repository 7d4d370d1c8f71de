import { titled } from '../../messages/server'
import { Account } from './account'

export const generateMetadata = titled('account')

export default function AccountPage() {
  return <Account />
}
