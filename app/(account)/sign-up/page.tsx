import { titled } from '../../messages/server'
import { SignUp } from './sign-up'

export const generateMetadata = titled('signUp')

export default async function SignUpPage({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>
}) {
  const { next } = await searchParams
  return <SignUp next={typeof next === 'string' ? next : null} />
}
