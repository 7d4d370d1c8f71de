'use client'

import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { initialSize, sizeLimits } from '../../components/sandbox/size-choice'
import { Button } from '../../components/ui/button'
import { DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { ApiError, NotUnderstood } from '../../lib/api'
import { percent } from '../../lib/format'
import { sizes } from '../../lib/protocol'
import { type Build, build } from '../../lib/protocol-builds'
import { TextError } from '../../lib/text-error'
import { upload } from '../../lib/upload'
import { text, useSubmit } from '../../lib/use-submit'
import { contextOf } from './context'
import { OptionsFields, type SecretDraft } from './options-fields'
import { firstContext, SourceFields } from './source-fields'

const aboutLine = /^Dockerfile line (\d+):/

/** A new build. What it is made from stays on this device until it is sent. */
export function BuildForm({ onStarted }: { onStarted: (build: Build) => void }) {
  const t = useTranslations()
  const [context, setContext] = useState(firstContext)
  const [secrets, setSecrets] = useState<readonly SecretDraft[]>([])
  const [size, setSize] = useState(() => initialSize(sizes.medium, t('sandbox.default')))
  const [noCache, setNoCache] = useState(false)
  const [sent, setSent] = useState<number | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const leaving = useRef<AbortController | null>(null)
  // Who closes the dialog does not want it any more.
  useEffect(() => () => leaving.current?.abort(), [])
  const limits = sizeLimits(size)
  const { submit, busy, error, fieldError } = useSubmit(async (fields) => {
    const dockerfile = context.kind === 'text' ? 'Dockerfile' : text(fields, 'dockerfile').trim()
    const options = {
      ...{ dockerfile, noCache, ...optionsOf(fields) },
      ...(limits === null ? {} : { limits }),
      secrets: secrets.map(({ id, value }) => ({ id, value: base64(value) })),
    }
    const body = new FormData()
    body.set('options', JSON.stringify(options))
    const tar = await contextOf(context, dockerfile)
    body.set('context', tar, 'context.tar')
    const name = text(fields, 'template').trim()
    leaving.current = new AbortController()
    const { signal } = leaving.current
    const onProgress = (bytes: number) => setSent(Math.min(1, bytes / Math.max(1, tar.size)))
    try {
      const answer = await upload(`/templates/${encodeURIComponent(name)}/builds`, body, {
        ...{ method: 'POST', onProgress, signal },
      })
      const begun = build.safeParse(answer)
      if (!begun.success) throw new NotUnderstood(begun.error)
      onStarted(begun.data)
      return 'leaving'
    } finally {
      setSent(null)
    }
  })
  const line = error instanceof ApiError ? Number(aboutLine.exec(error.message)?.[1] ?? 0) : 0
  useEffect(() => {
    if (line > 0) selectLine(form.current, line)
  }, [line])
  return (
    <form ref={form} onSubmit={submit} className="contents">
      <DialogBody>
        {error && line === 0 && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('builds.template')}
          name="template"
          autoFocus
          required
          maxLength={40}
          pattern="[a-z][a-z0-9\-]*"
          title={t('builds.templateHint')}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          hint={t('builds.templateHint')}
          error={fieldError('name')}
        />
        <SourceFields draft={context} onChange={setContext} error={line > 0 ? error?.message : undefined} />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={noCache}
            onChange={(event) => setNoCache(event.currentTarget.checked)}
          />
          {t('builds.noCache')}
        </label>
        <OptionsFields {...{ secrets, size, fieldError }} onSecrets={setSecrets} onSize={setSize} />
      </DialogBody>
      <DialogFooter>
        {sent !== null && (
          <p role="status" className="tabular min-w-0 flex-1 text-muted text-xs">
            {sent < 1 ? t('builds.sending', { share: percent(sent) }) : t('builds.checking')}
          </p>
        )}
        <Button type="submit" look="primary" busy={busy} disabled={limits === null}>
          {t('builds.start')}
        </Button>
      </DialogFooter>
    </form>
  )
}

function optionsOf(fields: FormData) {
  const stated = ['target', 'description', 'start', 'ready'].flatMap((name) => {
    const value = text(fields, name).trim()
    return value === '' ? [] : [[name, value] as const]
  })
  return {
    args: argsOf(text(fields, 'args')),
    network: text(fields, 'network') === 'none' ? 'none' : 'internet',
    timeoutSeconds: Number(text(fields, 'minutes')) * 60,
    ...Object.fromEntries(stated),
  }
}

/** @throws TextError with the line that is none of `NAME=value` */
function argsOf(stated: string): Record<string, string> {
  const lines = stated.split(/\r?\n/).filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=')
      if (at < 1) throw new TextError('builds.noArg', { line: line.slice(0, 80) })
      return [line.slice(0, at).trim(), line.slice(at + 1)]
    }),
  )
}

function base64(value: string): string {
  return btoa(Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join(''))
}

/** Where the Dockerfile is written in the form, its line is shown. */
function selectLine(form: HTMLFormElement | null, line: number): void {
  const area = form?.querySelector<HTMLTextAreaElement>('textarea[name="text"]')
  if (!area) return
  const lines = area.value.split('\n')
  const from = lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0)
  area.focus()
  area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0))
}
