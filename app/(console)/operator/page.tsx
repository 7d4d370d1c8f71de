import { titled } from '../../messages/server'
import { Operator } from './operator'

export const generateMetadata = titled('operator')

export default function OperatorPage() {
  return <Operator />
}
