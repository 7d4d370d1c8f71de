import type { Metadata } from 'next'
import { Join } from './join'

export const metadata: Metadata = { title: 'Join a tenant' }

export default function JoinPage() {
  return <Join />
}
