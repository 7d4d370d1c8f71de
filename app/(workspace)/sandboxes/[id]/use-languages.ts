'use client'

import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useToast } from '../../../components/ui/toast'
import type { Place } from '../../../editor/document'
import type { OpenFiles } from '../../../editor/open-files'
import type { Run } from '../../../inside/run'
import { LanguageHelp } from '../../../language-help/language-help'
import type { Sandbox } from '../../../lib/protocol'

/** The language servers of a workspace, while its sandbox runs and its page is shown. */
export function useLanguages(
  { id, state, access }: Sandbox,
  open: OpenFiles,
  run: Run,
  show: (path: string, place: Place) => void,
): LanguageHelp {
  const t = useTranslations()
  const toast = useToast()
  const shown = useRef(show)
  shown.current = show
  const [help] = useState(() => new LanguageHelp(id, open, run, (path, place) => shown.current(path, place)))
  help.words = { t, done: toast.done, failed: toast.failed }
  // A server is a program, which is not for who may only look.
  const running = state === 'running' && access !== 'look'
  useEffect(() => help.setRunning(running), [help, running])
  useEffect(() => () => help.close(), [help])
  return help
}
