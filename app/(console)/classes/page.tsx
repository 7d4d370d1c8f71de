import { titled } from '../../messages/server'
import { Classes } from './classes'

export const generateMetadata = titled('classes')

export default function ClassesPage() {
  return <Classes />
}
