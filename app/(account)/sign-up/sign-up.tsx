'use client'

import Link from 'next/link'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { auth } from '../../lib/api'
import { safeNext, signInPath } from '../../lib/next'
import { text, useSubmit } from '../../lib/use-submit'

export function SignUp({ next }: { next: string | null }) {
  const { submit, busy, error } = useSubmit(async (form) => {
    await auth('/sign-up/email', {
      name: text(form, 'name'),
      email: text(form, 'email'),
      password: text(form, 'password'),
    })
    window.location.assign(safeNext(next))
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      <h1 className="font-semibold text-lg">Create an account</h1>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field label="Name" name="name" autoComplete="name" required maxLength={64} autoFocus />
      <Field label="Email" name="email" type="email" autoComplete="username" required maxLength={254} />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        hint="At least 8 characters."
        minLength={8}
        maxLength={128}
        required
      />
      <Button type="submit" look="primary" size="large" busy={busy}>
        Create account
      </Button>
      <p className="text-center text-muted">
        Have an account?{' '}
        <Link
          href={next ? signInPath(next) : '/sign-in'}
          className="font-medium text-accent underline underline-offset-2"
        >
          Sign in
        </Link>
      </p>
    </form>
  )
}
