'use client'

import { Menu as MenuIcon, X } from 'lucide-react'
import Link from 'next/link'
import { Dialog } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Logo } from '../logo'
import { Button } from '../ui/button'
import { ConnectionBanner } from './connection-banner'
import { Navigation } from './navigation'
import { TenantMenu } from './tenant-menu'
import { UserMenu } from './user-menu'

/** What stands around every page but the workspace: at the side on a wide screen, in a drawer on a narrow one. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useTranslations()
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('shell.skip')}
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col gap-4 border-line border-r p-3 lg:flex">
        <Link href="/sandboxes" className="flex self-start rounded px-1 pt-1">
          <Logo />
        </Link>
        <TenantMenu />
        <div className="flex-1">
          <Navigation />
        </div>
        <UserMenu />
      </aside>
      <header className="sticky top-0 z-30 flex h-12 items-center justify-between border-line border-b bg-ground px-4 lg:hidden">
        <Link href="/sandboxes" className="flex rounded">
          <Logo />
        </Link>
        <Drawer />
      </header>
      <div className="min-w-0">
        <ConnectionBanner />
        <main id="main" tabIndex={-1} className="px-4 py-5 outline-none sm:px-6 lg:px-8 lg:py-7">
          <div className="mx-auto max-w-6xl">{children}</div>
        </main>
      </div>
    </div>
  )
}

function Drawer() {
  const t = useTranslations()
  const [open, setOpen] = useState(false)
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>
        <Button look="quiet" size="icon" aria-label={t('shell.menu')} className="-mr-2">
          <MenuIcon />
        </Button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-fade bg-shade" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed inset-y-0 right-0 z-50 flex w-72 max-w-[85vw] animate-fade flex-col gap-4 overflow-y-auto bg-raised p-3 shadow-pop outline-none"
        >
          <div className="flex items-center justify-between">
            <Dialog.Title className="px-1 font-semibold">{t('shell.menu')}</Dialog.Title>
            <Dialog.Close asChild>
              <Button look="quiet" size="icon" aria-label={t('common.close')}>
                <X />
              </Button>
            </Dialog.Close>
          </div>
          <TenantMenu />
          <div className="flex-1">
            <Navigation onGo={() => setOpen(false)} />
          </div>
          <UserMenu onGo={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
