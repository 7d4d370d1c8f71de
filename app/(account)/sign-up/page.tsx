import type { Metadata } from 'next'
import { SignUp } from './sign-up'

export const metadata: Metadata = { title: 'Create an account' }

export default async function SignUpPage({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>
}) {
  const { next } = await searchParams
  return <SignUp next={typeof next === 'string' ? next : null} />
}
