'use client'

import { useTranslations } from 'use-intl'
import type { Devcontainer } from '../../devcontainer/parse'
import { oneLine } from '../../lib/format'
import { useExplain } from '../../lib/use-explain'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Notice } from '../ui/notice'

/** What a `devcontainer.json` asks for: what was done, and each thing that was not. */
export function ContainerDialog({
  container,
  error,
  onSetUp,
  onClose,
}: {
  container: Devcontainer | null
  /** Why it could not be read. */
  error: unknown
  onSetUp: () => void
  onClose: () => void
}) {
  const t = useTranslations()
  const explain = useExplain()
  const { commands = [], env, ports = [], editor = {}, unsupported = [] } = container ?? {}
  const variables = env?.size ?? 0
  const done = [
    ...(commands.length > 0 ? [t('devcontainer.commands', { count: commands.length })] : []),
    ...(variables > 0 ? [t('devcontainer.variables', { count: variables })] : []),
    ...(ports.length > 0 ? [t('devcontainer.ports', { count: ports.length })] : []),
    ...(Object.keys(editor).length > 0 ? [t('devcontainer.editor')] : []),
  ]
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={container?.name ? oneLine(container.name) : t('devcontainer.title')}
      description={t('devcontainer.text')}
      wide
    >
      <DialogBody>
        {error !== null && <Notice tone="bad">{explain(error)}</Notice>}
        {container && done.length + unsupported.length === 0 && <p>{t('devcontainer.nothing')}</p>}
        {done.length > 0 && (
          <section className="grid gap-1">
            <h3 className="font-medium">{t('devcontainer.supported')}</h3>
            <ul className="list-disc pl-5">
              {done.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
        )}
        {unsupported.length > 0 && (
          <section className="grid gap-1">
            <h3 className="font-medium">{t('devcontainer.unsupported')}</h3>
            <ul className="grid gap-1">
              {unsupported.map(({ key, reason }) => (
                <li key={`${key} ${reason}`} className="break-words">
                  <code className="text-xs">{oneLine(key, 200)}</code>{' '}
                  <span className="text-muted">{t(`devcontainer.reasons.${reason}`)}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </DialogBody>
      <DialogFooter>
        {commands.length > 0 && <Button onClick={onSetUp}>{t('devcontainer.run')}</Button>}
        <Button look="primary" onClick={onClose}>
          {t('common.close')}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
