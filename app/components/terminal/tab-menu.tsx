'use client'

import { ChevronDown } from 'lucide-react'
import { type RefObject, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import type { Tab } from '../../terminal/terminal-tabs'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Menu, MenuItem } from '../ui/menu'

/** Whether the list has more tabs than it can show. */
export function useOverflow(list: RefObject<HTMLElement | null>, tabs: number): boolean {
  const [overflowing, setOverflowing] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: other tabs are other elements to observe
  useEffect(() => {
    const element = list.current
    if (!element) return
    const observer = new ResizeObserver(() => setOverflowing(element.scrollWidth > element.clientWidth + 1))
    observer.observe(element)
    // The list keeps its own size when the tabs in it grow.
    for (const tab of element.children) observer.observe(tab)
    return () => observer.disconnect()
  }, [list, tabs])
  return overflowing
}

/** Every terminal by name, where the tabs have no room for all. */
export function TabMenu({
  tabs,
  active,
  onSelect,
}: {
  tabs: readonly Tab[]
  active: number | null
  onSelect: (key: number) => void
}) {
  const t = useTranslations()
  return (
    <Menu
      align="start"
      trigger={
        <Button look="quiet" size="small" aria-label={t('terminal.allTerminals', { count: tabs.length })}>
          {tabs.length}
          <ChevronDown />
        </Button>
      }
    >
      {tabs.map((tab, index) => (
        <MenuItem key={tab.key} onSelect={() => onSelect(tab.key)}>
          <span className="tabular w-5 shrink-0 text-right text-muted text-xs">{index + 1}</span>
          <span className={tab.key === active ? 'truncate font-medium text-accent' : 'truncate'}>
            <TabName tab={tab} number={index + 1} />
          </span>
        </MenuItem>
      ))}
    </Menu>
  )
}

/** What a tab is called: as somebody named it, else by its program. */
export function TabName({ tab, number }: { tab: Tab; number: number }) {
  return useTabName(tab, number)
}

export function useTabName(tab: Tab, number: number): string {
  const t = useTranslations()
  const title = useStore(tab.session.title)
  return tab.name || oneLine(title, 40) || t('terminal.numbered', { number: String(number) })
}
