'use client'

import { useMemo } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import type { Translate } from '../messages/texts'
import type { Locale } from './locale'

/** How the language of the page writes dates, numbers and amounts. */
export interface Format {
  /** `Nov 28, 2026` */
  readonly date: (iso: string) => string
  /** `Nov 28, 2026, 15:00` */
  readonly dateTime: (iso: string) => string
  /** `15:00`, for an axis. */
  readonly timeOfDay: (ms: number) => string
  /** `Nov 28`, for an axis. */
  readonly monthDay: (ms: number) => string
  readonly number: (value: number) => string
  /** `0.5 CPU`, `2 CPUs`. */
  readonly cpus: (value: number) => string
  /** How long, in the largest unit that fits: `42 s`, `5 min`, `3 h`, `12 d`. */
  readonly duration: (ms: number) => string
}

export function useFormat(): Format {
  const t = useTranslations()
  const locale = useLocale()
  return useMemo(() => formatOf(locale, t), [locale, t])
}

/** @param t translates into `locale` */
export function formatOf(locale: Locale, t: Translate): Format {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const minute = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
  })
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const shortDay = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' })
  const plain = new Intl.NumberFormat(locale)
  return {
    date: (iso) => day.format(new Date(iso)),
    dateTime: (iso) => minute.format(new Date(iso)),
    timeOfDay: (ms) => clock.format(ms),
    monthDay: (ms) => shortDay.format(ms),
    number: (value) => plain.format(value),
    cpus: (value) => t('units.cpus', { text: String(Number(value.toFixed(2))), many: String(value > 1) }),
    duration: (ms) => duration(ms, t),
  }
}

function duration(ms: number, t: Translate): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return t('units.seconds', { value: String(seconds) })
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return t('units.minutes', { value: String(minutes) })
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return t('units.hours', { value: String(hours) })
  return t('units.days', { value: String(Math.floor(hours / 24)) })
}
