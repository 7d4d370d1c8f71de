'use client'

import { useEffect, useState } from 'react'
import { call } from '../../../lib/api'
import { type LtiRosterPreview, ltiRosterPreview } from '../../../lib/protocol-lti'

/** What applying the roster of the course would do: asked when it is first shown, and when somebody asks again. */
export function useRosterPreview(path: string) {
  const [preview, setPreview] = useState<LtiRosterPreview>()
  const [failure, setFailure] = useState<unknown>()
  const [asked, setAsked] = useState(1)
  useEffect(() => {
    if (asked === 0) return
    let gone = false
    setPreview(undefined)
    setFailure(undefined)
    call(ltiRosterPreview, path, { method: 'POST', body: {} }).then(
      (answer) => gone || setPreview(answer),
      (error: unknown) => gone || setFailure(error),
    )
    return () => {
      gone = true
    }
  }, [path, asked])
  return { preview, failure, again: () => setAsked((times) => times + 1) }
}
