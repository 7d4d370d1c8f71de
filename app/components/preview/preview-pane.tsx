'use client'

import { ExternalLink, Monitor, RotateCw, Smartphone, Tablet, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Sandbox } from '../../lib/protocol'
import { useCommands } from '../../palette/commands'
import { useStore } from '../../terminal/use-store'
import { deviceWidths, type Previewed, type PreviewStore, placeOf } from '../../workspace/preview'
import { usePorts } from '../sandbox/ports'
import { Button } from '../ui/button'
import { Tip } from '../ui/tip'

/** What an app may do in its frame: everything but lead the workspace elsewhere. */
const allowed = [
  ...['allow-scripts', 'allow-same-origin', 'allow-forms', 'allow-modals', 'allow-downloads'],
  ...['allow-popups', 'allow-popups-to-escape-sandbox', 'allow-pointer-lock'],
].join(' ')

const devices = [
  { of: 'phone', icon: Smartphone },
  { of: 'tablet', icon: Tablet },
  { of: 'full', icon: Monitor },
] as const

/** An app of the sandbox, in a frame. What it navigates to by itself cannot be seen from here: it is of another origin. */
export default function PreviewPane({
  sandbox,
  preview,
  onClose,
}: {
  sandbox: Sandbox
  preview: PreviewStore
  onClose: () => void
}) {
  const shown = useStore(preview)
  return shown && <Shown key={shown.port} {...{ sandbox, preview, shown, onClose }} />
}

function Shown({
  sandbox,
  preview,
  shown,
  onClose,
}: {
  sandbox: Sandbox
  preview: PreviewStore
  shown: Previewed
  onClose: () => void
}) {
  const t = useTranslations()
  const { port, path, width, load } = shown
  const listed = usePorts(sandbox).ports.find((one) => one.port === port)
  const [origin, setOrigin] = useState<string | null>(null)
  // An app that starts again listens to nothing for a moment: what is shown stays.
  const listens = listed !== undefined && listed.address !== null
  useEffect(() => {
    if (listens) setOrigin(listed.url)
  }, [listens, listed])
  const reload = () => preview.show({ port, path })
  useCommands([
    { name: t('preview.reload'), run: reload },
    { name: t('preview.close'), run: onClose },
  ])
  return (
    <section
      aria-label={t('preview.preview')}
      data-own-keys
      className="flex h-full min-h-0 flex-col bg-surface"
    >
      <div className="flex h-10 shrink-0 items-center gap-0.5 border-line border-b bg-ground px-1">
        <Tip text={t('preview.reload')}>
          <Button look="quiet" size="iconSmall" aria-label={t('preview.reload')} onClick={reload}>
            <RotateCw />
          </Button>
        </Tip>
        <Address {...{ port, path, origin, preview }} />
        <fieldset aria-label={t('preview.width')} className="flex">
          {devices.map(({ of, icon: Icon }) => (
            <Tip key={of} text={t(`preview.widths.${of}`)}>
              <Button
                look="quiet"
                size="iconSmall"
                aria-label={t(`preview.widths.${of}`)}
                aria-pressed={width === of}
                className="aria-pressed:bg-hover aria-pressed:text-ink"
                onClick={() => preview.setWidth(of)}
              >
                <Icon />
              </Button>
            </Tip>
          ))}
        </fieldset>
        {origin !== null && (
          <Tip text={t('preview.newTab')}>
            <Button asChild look="quiet" size="iconSmall">
              <a href={origin + path} target="_blank" rel="noopener" aria-label={t('preview.newTab')}>
                <ExternalLink />
              </a>
            </Button>
          </Tip>
        )}
        <Tip text={t('preview.close')}>
          <Button look="quiet" size="iconSmall" aria-label={t('preview.close')} onClick={onClose}>
            <X />
          </Button>
        </Tip>
      </div>
      <div className="min-h-0 flex-1 overflow-auto bg-ground">
        {origin === null ? (
          <p role="status" className="p-4 text-muted">
            {listed && listens ? t('preview.noDomain') : t('preview.waiting', { port: String(port) })}
          </p>
        ) : (
          <iframe
            key={load}
            title={t('preview.app', { port: String(port) })}
            src={origin + path}
            sandbox={allowed}
            allow="clipboard-write; fullscreen"
            referrerPolicy="no-referrer"
            // As a browser's own page, whatever the theme around it.
            style={{ width: deviceWidths[width] ?? '100%', background: 'white', colorScheme: 'light' }}
            className="mx-auto block h-full border-0"
          />
        )}
      </div>
    </section>
  )
}

function Address({
  port,
  path,
  origin,
  preview,
}: {
  port: number
  path: string
  origin: string | null
  preview: PreviewStore
}) {
  const t = useTranslations()
  const [typed, setTyped] = useState(path)
  const [refused, setRefused] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setTyped(path), [path])
  return (
    <form
      className="flex h-7 min-w-0 flex-1 items-center rounded-md border border-edge/60 bg-surface text-xs"
      onSubmit={(event) => {
        event.preventDefault()
        const place = placeOf(typed, port, origin)
        setRefused(place === null)
        if (!place) return
        setTyped(place.path)
        preview.show(place)
      }}
    >
      <span className="tabular pl-2 text-muted">:{port}</span>
      <input
        ref={input}
        aria-label={t('preview.address', { port: String(port) })}
        aria-invalid={refused || undefined}
        title={refused ? t('preview.elsewhere') : undefined}
        value={typed}
        spellCheck={false}
        autoCapitalize="off"
        autoCorrect="off"
        maxLength={4096}
        className="h-full min-w-0 flex-1 bg-transparent px-1 font-mono outline-offset-1 aria-invalid:text-bad"
        onChange={(event) => {
          setTyped(event.target.value)
          setRefused(false)
        }}
        onFocus={(event) => event.target.select()}
      />
      {refused && (
        <span role="alert" className="sr-only">
          {t('preview.elsewhere')}
        </span>
      )}
    </form>
  )
}
