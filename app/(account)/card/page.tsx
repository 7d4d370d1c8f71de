import { titled } from '../../messages/server'
import { CardSignIn } from './card'

export const generateMetadata = titled('signIn')

export default function CardPage() {
  return <CardSignIn />
}
