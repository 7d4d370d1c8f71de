import { titled } from '../../messages/server'
import { Stacks } from './stacks'

export const generateMetadata = titled('stacks')

export default function StacksPage() {
  return <Stacks />
}
