'use client'

import { CircleUserRound, LogOut, UserCog } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import { signOut, useSession } from '../../lib/session'
import { applyTheme, parseTheme, type Theme, themes } from '../../lib/theme'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'
import { useToast } from '../ui/toast'
import { languageOptions, useLanguage } from './use-language'

/** The themes by their names in the language of the page. */
export function useThemeOptions(): readonly { readonly value: Theme; readonly name: string }[] {
  const t = useTranslations()
  return themes.map((value) => ({ value, name: t(`shell.themes.${value}`) }))
}

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
  const t = useTranslations()
  const [theme, setTheme] = useTheme()
  const themeOptions = useThemeOptions()
  const [language, setLanguage] = useLanguage()
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
          <span className="truncate">{oneLine(user?.email ?? t('shell.apiKey'))}</span>
        </button>
      }
    >
      <MenuChoice label={t('shell.theme')} value={theme} options={themeOptions} onChange={setTheme} />
      <MenuLine />
      <MenuChoice
        label={t('common.language')}
        value={language}
        options={languageOptions}
        onChange={setLanguage}
      />
      <MenuLine />
      {user && (
        <MenuItem
          onSelect={() => {
            router.push('/account')
            onGo?.()
          }}
        >
          <UserCog aria-hidden />
          {t('pages.account')}
        </MenuItem>
      )}
      <MenuItem onSelect={() => signOut().catch(toast.failed)}>
        <LogOut aria-hidden />
        {t('shell.signOut')}
      </MenuItem>
    </Menu>
  )
}
