import { titled } from '../../messages/server'
import { SignIn } from './sign-in'

export const generateMetadata = titled('signIn')

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>
}) {
  const { next } = await searchParams
  return <SignIn next={typeof next === 'string' ? next : null} />
}
