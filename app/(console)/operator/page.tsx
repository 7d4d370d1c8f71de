import type { Metadata } from 'next'
import { Operator } from './operator'

export const metadata: Metadata = { title: 'Node and tenants' }

export default function OperatorPage() {
  return <Operator />
}
