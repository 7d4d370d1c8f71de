import { useLocale, useTranslations } from 'use-intl'
import { whenOf } from './when'

/** Names of days of the week by their numbers, 0 is Sunday. */
export function useDayName(): (day: number) => string {
  const format = new Intl.DateTimeFormat(useLocale(), { weekday: 'long', timeZone: 'UTC' })
  // A Sunday.
  return (day) => format.format(Date.UTC(2026, 10, 1 + day))
}

/** When a schedule is due, in words; an expression where there are none. */
export function useWhenText(): (cron: string) => string {
  const t = useTranslations()
  const dayName = useDayName()
  return (cron) => {
    const { rhythm, time, day } = whenOf(cron)
    if (rhythm === 'custom') return cron
    if (rhythm === 'hourly') return t('schedules.hourlyAt', { minute: time.slice(3) })
    if (rhythm === 'weekly') return t('schedules.weeklyAt', { day: dayName(day), time })
    return t(`schedules.${rhythm}At`, { time })
  }
}
