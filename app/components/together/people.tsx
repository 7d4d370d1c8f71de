'use client'

import { createContext, useContext } from 'react'
import { useTranslations } from 'use-intl'
import { nameOf } from '../../files/paths'
import { oneLine } from '../../lib/format'
import type { Present } from '../../lib/protocol'
import type { Translate } from '../../messages/texts'
import { Store } from '../../terminal/store'
import { useStore } from '../../terminal/use-store'
import { hueOf, initialsOf, type Together } from '../../together/together'

/** How many are shown before they are only counted. */
const shownMax = 4

const nobody = new Store(null)

/** The others who are in this workspace. */
export const OthersContext = createContext<readonly Present[]>([])

/** The way to their windows; null until it is loaded. */
export const TogetherContext = createContext<Together | null>(null)

function Avatar({ person, small = false }: { person: Present; small?: boolean }) {
  const hue = hueOf(person)
  return (
    <span
      aria-hidden
      className={
        small
          ? 'grid size-4 place-items-center rounded-full font-semibold text-[0.5rem] text-white'
          : 'grid size-6 place-items-center rounded-full font-semibold text-[0.625rem] text-white ring-2 ring-ground'
      }
      style={{ backgroundColor: `oklch(0.5 0.14 ${hue})` }}
    >
      {initialsOf(person.name)}
    </span>
  )
}

/** Who else is here, and in which file. */
export function People() {
  const t = useTranslations()
  const others = useContext(OthersContext)
  const together = useContext(TogetherContext)
  const whom = useStore<string | null>(together?.following.whom ?? nobody)
  const followed = others.find(({ id }) => id === whom)
  if (others.length === 0) return null
  return (
    <ul aria-label={t('together.here')} className="flex shrink-0 items-center -space-x-1.5">
      {others.slice(0, shownMax).map((person) => {
        const text = whereIs(person, t)
        return (
          <li key={person.id}>
            <button
              type="button"
              data-follow
              title={`${text}\n${t(whom === person.id ? 'together.unfollow' : 'together.follow')}`}
              aria-pressed={whom === person.id}
              aria-label={t('together.followOf', { who: text })}
              className="block rounded-full aria-pressed:ring-2 aria-pressed:ring-accent aria-pressed:ring-offset-2 aria-pressed:ring-offset-ground"
              onClick={() => together?.following.follow(whom === person.id ? null : person.id)}
            >
              <Avatar person={person} />
            </button>
            <span className="sr-only">{text}</span>
          </li>
        )
      })}
      {others.length > shownMax && (
        <li className="pl-2.5 text-muted text-xs">
          {t('together.more', { count: others.length - shownMax })}
        </li>
      )}
      {followed && (
        <li role="status" className="whitespace-nowrap pl-3 text-xs">
          {t('together.following', { name: oneLine(followed.name, 40) || t('together.somebody') })}
        </li>
      )}
    </ul>
  )
}

function whereIs({ name, files, mayType }: Present, t: Translate): string {
  const [file] = files
  const who = oneLine(name) || t('together.somebody')
  const shown =
    file === undefined ? who : t('together.inFile', { name: who, file: oneLine(nameOf(file), 80) })
  return mayType ? shown : t('together.looks', { who: shown })
}

/** Marks a file that others have before them. */
export function InFile({ path }: { path: string }) {
  const t = useTranslations()
  const there = useContext(OthersContext).filter(({ files }) => files.includes(path))
  if (there.length === 0) return null
  const names = there.map(({ name }) => oneLine(name) || t('together.somebody')).join(t('common.comma'))
  return (
    <span className="flex shrink-0 items-center -space-x-1" title={names}>
      {there.slice(0, 3).map((person) => (
        <Avatar key={person.id} person={person} small />
      ))}
      <span className="sr-only">{t('together.alsoIn', { names })}</span>
    </span>
  )
}
