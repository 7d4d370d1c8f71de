'use client'

import { useEffect, useState } from 'react'

/** From the last key to the question. */
const typingMs = 300

/** What has been typed, once the typing stops: each key by itself is not asked for. An emptied field counts at once. */
export function useSettled(typed: string): string {
  const words = typed.trim()
  const [settled, setSettled] = useState(words)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(words), words === '' ? 0 : typingMs)
    return () => clearTimeout(timer)
  }, [words])
  return words === '' ? '' : settled
}
