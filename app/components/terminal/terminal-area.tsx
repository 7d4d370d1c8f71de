'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { call } from '../../lib/api'
import { type Sandbox, terminal } from '../../lib/protocol'
import { useExplain } from '../../lib/use-explain'
import { takeWorkspace } from '../../terminal/prepared'
import type { StrayKeys } from '../../terminal/stray-keys'
import { useStore } from '../../terminal/use-store'
import { parseDeepLink } from '../../workspace/deep-link'
import type { Programs } from '../../workspace/programs'
import { Button } from '../ui/button'
import { isFocusLost, useFocusHome } from '../ui/focus-home'
import { Notice } from '../ui/notice'
import { ClipboardBanner } from './clipboard-banner'
import { LineBanner } from './line-banner'
import { Pane } from './pane'
import { PhoneKeys } from './phone-keys'
import { SearchBar } from './search-bar'
import { StatePanel } from './state-panel'
import { TabBar } from './tab-bar'
import { useShortcuts } from './use-shortcuts'

const terminalList = z.object({ terminals: z.array(terminal) })

/** Everything below the workspace's bar. Loaded by itself: xterm is large, and only this needs it. */
export default function TerminalArea({
  sandbox,
  refresh,
  strayKeys,
  programs,
  onRang,
}: {
  sandbox: Sandbox
  refresh: () => void
  strayKeys: StrayKeys
  programs: Programs
  /** Some terminal rang and has not been looked at since. */
  onRang: (rang: boolean) => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const root = useRef<HTMLDivElement>(null)
  const [workspace] = useState(() => takeWorkspace(sandbox.id))
  const looking = sandbox.access === 'look'
  workspace.looking = looking
  const { tabs, active } = useStore(workspace.state)
  const started = useStore(programs.started)
  const [restored, setRestored] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const [fontIsThere, setFontIsThere] = useState(false)
  const [searching, setSearching] = useState(false)
  const [renaming, setRenaming] = useState<number | null>(null)
  const shown = tabs.find(({ key }) => key === active)
  const running = sandbox.state === 'running'
  const usable = running || sandbox.state === 'paused'
  // While its node is away its terminals go on, and are looked at again when it is back.
  const alive = usable || (sandbox.state === 'unreachable' && tabs.length > 0)

  const restore = useCallback(async () => {
    setFailure(undefined)
    try {
      // Without its font, xterm would measure another, and every column would be wrong.
      await document.fonts.load('14px "JetBrains Mono Variable"')
      setFontIsThere(true)
      if (workspace.state.get().tabs.length > 0) return
      const { terminals } = await call(terminalList, `/sandboxes/${sandbox.id}/terminals`)
      const kept = new Map(
        terminals.flatMap(({ id, stoppedAt }) => (stoppedAt === null ? [] : [[id, stoppedAt]])),
      )
      const ids = terminals.filter(({ id, exit }) => exit === null || kept.has(id)).map(({ id }) => id)
      // A paused sandbox cannot open a new one: that waits until it runs.
      const mayOpen = ids.length > kept.size || (running && (!workspace.looking || kept.size > 0))
      if (!mayOpen || workspace.state.get().tabs.length > 0) return
      workspace.restore(ids, parseDeepLink(window.location.search).terminal, kept)
    } catch (error) {
      setFailure(error)
    } finally {
      setRestored(true)
    }
  }, [sandbox.id, running, workspace])

  // Terminals end when a sandbox stops; when it runs again, they are here to be read, beside a new one.
  useEffect(() => (alive ? () => workspace.clear() : undefined), [alive, workspace])
  useEffect(() => {
    if (alive) void restore()
  }, [alive, restore])

  useEffect(() => {
    if (!restored || started === null) return
    programs.started.set(null)
    workspace.show(started.terminalId, started.name, started.replaces)
  }, [restored, started, programs, workspace])

  const session = fontIsThere ? shown?.session : undefined
  const home = useFocusHome()
  useEffect(() => {
    if (!session) return
    const focus = () => session.screen.xterm.focus()
    home.set(focus)
    strayKeys.typeInto((text) => {
      session.type(text)
      focus()
    })
    return () => {
      home.set(null)
      strayKeys.typeInto(null)
    }
  }, [session, home, strayKeys])
  useEffect(() => {
    if (!alive && sandbox.state !== 'creating') strayKeys.forget()
    // What had the focus may be gone with the state before: its button, or the panel over the terminal.
    if (isFocusLost()) home.focus()
  }, [alive, sandbox.state, home, strayKeys])

  const rang = tabs.some((tab) => tab.rang)
  useEffect(() => onRang(rang), [rang, onRang])
  useEffect(() => {
    const looked = () => workspace.looked()
    window.addEventListener('focus', looked)
    return () => window.removeEventListener('focus', looked)
  }, [workspace])

  useShortcuts(root, workspace, { search: () => setSearching(true), rename: setRenaming })

  return (
    <div ref={root} className="relative flex min-h-0 flex-1 flex-col">
      <TabBar
        workspace={workspace}
        tabs={tabs}
        active={active}
        renaming={renaming}
        setRenaming={setRenaming}
        onSearch={() => setSearching(true)}
        usable={usable && !looking}
      />
      <LineBanner />
      {shown && <ClipboardBanner session={shown.session} permission={workspace.clipboard} />}
      <div className="relative min-h-0 flex-1">
        {shown && fontIsThere && (
          <Pane key={shown.key} workspace={workspace} session={shown.session} tab={shown} refresh={refresh} />
        )}
        {shown && searching && (
          <SearchBar screen={shown.session.screen} onClose={() => setSearching(false)} />
        )}
        {failure !== undefined && (
          <div className="absolute inset-x-4 top-4">
            <Notice
              tone="bad"
              action={
                <Button size="small" onClick={restore}>
                  {t('common.tryAgain')}
                </Button>
              }
            >
              {explain(failure)}
            </Notice>
          </div>
        )}
        {running && tabs.length === 0 && failure === undefined && (
          <NoTerminal onOpen={looking ? null : () => workspace.open()} />
        )}
        <StatePanel sandbox={sandbox} />
      </div>
      {shown && alive && !looking && <PhoneKeys session={shown.session} />}
    </div>
  )
}

/** Shown only after a moment: while terminals are being restored there are none either. */
function NoTerminal({ onOpen }: { onOpen: (() => void) | null }) {
  const t = useTranslations()
  const [patient, setPatient] = useState(true)
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), 600)
    return () => clearTimeout(timer)
  }, [])
  if (patient) return null
  return (
    <div className="absolute inset-0 grid place-content-center justify-items-center gap-3">
      <p className="text-muted">{t('terminal.none')}</p>
      {onOpen && (
        <Button look="primary" onClick={onOpen}>
          {t('terminal.new')}
        </Button>
      )}
    </div>
  )
}
