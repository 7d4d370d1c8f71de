'use client'

import { CircleUserRound, LogOut, UserCog } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { oneLine } from '../../lib/format'
import { signOut, useSession } from '../../lib/session'
import { applyTheme, parseTheme, type Theme } from '../../lib/theme'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'
import { useToast } from '../ui/toast'

export const themeOptions = [
  { value: 'system', name: 'System' },
  { value: 'light', name: 'Light' },
  { value: 'dark', name: 'Dark' },
] as const satisfies readonly { value: Theme; name: string }[]

/** The chosen theme, which the document itself holds. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>('system')
  useEffect(() => setTheme(parseTheme(document.documentElement.dataset.theme)), [])
  return [
    theme,
    (chosen) => {
      applyTheme(chosen)
      setTheme(chosen)
    },
  ]
}

export function UserMenu({ onGo }: { onGo?: () => void }) {
  const { user } = useSession()
  const toast = useToast()
  const router = useRouter()
  const [theme, setTheme] = useTheme()
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          className="flex w-full min-w-0 items-center gap-2.5 rounded-md px-2 py-1.5 text-left hover:bg-hover"
        >
          <CircleUserRound aria-hidden className="size-4 shrink-0 text-muted" />
          <span className="truncate">{oneLine(user?.email ?? 'API key')}</span>
        </button>
      }
    >
      <MenuChoice label="Theme" value={theme} options={themeOptions} onChange={setTheme} />
      <MenuLine />
      {user && (
        <MenuItem
          onSelect={() => {
            router.push('/account')
            onGo?.()
          }}
        >
          <UserCog aria-hidden />
          Account
        </MenuItem>
      )}
      <MenuItem onSelect={() => signOut().catch(toast.failed)}>
        <LogOut aria-hidden />
        Sign out
      </MenuItem>
    </Menu>
  )
}
