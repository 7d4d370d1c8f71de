export const rhythms = ['hourly', 'daily', 'weekdays', 'weekly', 'custom'] as const
export type Rhythm = (typeof rhythms)[number]

/** When something is done, as the form asks it. */
export interface When {
  readonly rhythm: Rhythm
  /** `HH:MM`; of an hour only the minutes count. */
  readonly time: string
  /** 0 is Sunday. */
  readonly day: number
  readonly cron: string
}

export const firstWhen: When = { rhythm: 'daily', time: '02:30', day: 1, cron: '30 2 * * *' }

/** What the API wants to hear of it. */
export function cronOf({ rhythm, time, day, cron }: When): string {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  if (rhythm === 'custom') return cron.trim()
  if (rhythm === 'hourly') return `${minute} * * * *`
  const days = rhythm === 'daily' ? '*' : rhythm === 'weekdays' ? '1-5' : String(day)
  return `${minute} ${hour} * * ${days}`
}

/** The reverse; anything that the form has no words for stays an expression. */
export function whenOf(cron: string): When {
  const simple = /^(\d{1,2}) (\d{1,2}|\*) \* \* (\*|1-5|MON-FRI|[0-6])$/i.exec(cron.trim())
  const custom: When = { ...firstWhen, rhythm: 'custom', cron }
  if (simple === null) return custom
  const [, minute = '0', hour = '0', days = '*'] = simple
  const two = (text: string) => text.padStart(2, '0')
  if (hour === '*') return days === '*' ? { ...custom, rhythm: 'hourly', time: `00:${two(minute)}` } : custom
  const at = { ...custom, time: `${two(hour)}:${two(minute)}` }
  if (days === '*') return { ...at, rhythm: 'daily' }
  return /^[0-6]$/.test(days) ? { ...at, rhythm: 'weekly', day: Number(days) } : { ...at, rhythm: 'weekdays' }
}
