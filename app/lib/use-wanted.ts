import { useRef } from 'react'

/** What has been true once. */
export function useWanted<T extends string>(now: Readonly<Record<T, boolean>>): Readonly<Record<T, boolean>> {
  const seen = useRef(now)
  for (const key in now) if (now[key] && !seen.current[key]) seen.current = { ...seen.current, [key]: true }
  return seen.current
}
