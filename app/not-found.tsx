import Link from 'next/link'
import { Mark } from './components/logo'
import { Button } from './components/ui/button'
import { titled } from './messages/server'

export const generateMetadata = titled('notFound')

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <Mark className="size-10" />
      <h1 className="font-semibold text-xl">Page not found</h1>
      <p className="max-w-sm text-balance text-muted">
        Check the address. The page may have been moved or deleted.
      </p>
      <Button asChild look="primary">
        <Link href="/sandboxes">Go to your sandboxes</Link>
      </Button>
    </main>
  )
}
