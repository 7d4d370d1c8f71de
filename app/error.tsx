'use client'

import { Mark } from './components/logo'
import { Button } from './components/ui/button'

/** A page broke. Nothing that runs in a sandbox is touched by it. */
export default function PageBroke({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      <title>Something went wrong · Cloche</title>
      <Mark className="size-10" />
      <h1 className="font-semibold text-xl">Something went wrong</h1>
      <p className="max-w-sm text-muted">
        This page failed to load. Your sandboxes are still running. Try again; if the problem persists,
        contact your operator{error.digest ? ` and mention error ${error.digest}` : ''}.
      </p>
      <div className="flex gap-2">
        <Button look="primary" onClick={reset}>
          Try again
        </Button>
        <Button asChild>
          <a href="/sandboxes">Go to your sandboxes</a>
        </Button>
      </div>
    </main>
  )
}
