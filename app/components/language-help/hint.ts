'use client'

import { useEffect, useState } from 'react'
import { z } from 'zod'
import '../../lib/jitless'
import { read, write } from '../../terminal/preferences'

const key = 'cloche-language-hints'
const schema = z.array(z.string().max(32)).max(50).catch([])

/** Whether a language's hint is shown: at the first file of it that this browser opens without a server, until the page is left. */
const shownNow = new Set<string>()

export function useHint(languageId: string): readonly [boolean, () => void] {
  const [shown, setShown] = useState(
    () => shownNow.has(languageId) || !schema.parse(read(key) ?? []).includes(languageId),
  )
  useEffect(() => {
    if (!shown) return
    shownNow.add(languageId)
    write(key, [...new Set([...schema.parse(read(key) ?? []), languageId])])
  }, [languageId, shown])
  const dismiss = () => {
    shownNow.delete(languageId)
    setShown(false)
  }
  return [shown, dismiss]
}
