import type { ReactNode } from 'react'
import { Logo } from '../components/logo'
import { LanguageSelect } from '../components/shell/language-select'

export default function AccountLayout({ children }: { children: ReactNode }) {
  return (
    <main className="grid min-h-dvh content-start justify-items-center gap-8 px-4 pt-[12vh] pb-10">
      <Logo />
      <div className="w-full max-w-sm rounded-xl border border-line bg-surface p-6">{children}</div>
      <LanguageSelect />
    </main>
  )
}
