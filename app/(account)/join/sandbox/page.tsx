import { titled } from '../../../messages/server'
import { JoinSandbox } from './join-sandbox'

export const generateMetadata = titled('joinSandbox')

export default function JoinSandboxPage() {
  return <JoinSandbox />
}
