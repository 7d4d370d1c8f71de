'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { AreaField, Field } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { oneLine } from '../../../lib/format'
import type { Assignment, AssignmentFileKind } from '../../../lib/protocol-assignments'
import { TextError } from '../../../lib/text-error'
import { text, useSubmit } from '../../../lib/use-submit'
import { writeFile } from './file-calls'

/** A file that is edited. */
export interface Opened {
  /** Null for a new one. */
  readonly path: string | null
  readonly content: string
  readonly executable: boolean
}

interface Props {
  readonly of: Assignment
  readonly kind: AssignmentFileKind
  /** Paths that a new file may not have. */
  readonly taken: readonly string[]
  readonly onClose: () => void
  readonly onSaved: () => void
}

/** The text of a small file. @param opened null while it is closed */
export function FileDialog({ opened, ...rest }: Props & { opened: Opened | null }) {
  const t = useTranslations()
  return (
    <Dialog
      wide
      open={opened !== null}
      onOpenChange={(open) => open || rest.onClose()}
      title={opened?.path ? oneLine(opened.path, 120) : t('assignmentPage.newFile')}
    >
      {opened && <Form opened={opened} {...rest} />}
    </Dialog>
  )
}

function Form({ of, kind, opened, taken, onClose, onSaved }: Props & { opened: Opened }) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const path = opened.path ?? text(form, 'path').trim()
    if (opened.path === null && taken.includes(path)) throw new TextError('assignmentPage.fileExists')
    // Forms send lines as the web does; files of a sandbox end them as Unix does, unless they did not before.
    const typed = text(form, 'content').replace(/\r\n?/g, '\n')
    const content = opened.content.includes('\r\n') ? typed.replaceAll('\n', '\r\n') : typed
    const executable = form.get('executable') === 'on'
    await writeFile(of.id, kind, { path, content: new Blob([content]), executable })
    onSaved()
    onClose()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {opened.path === null && (
          <Field
            label={t('assignmentPage.path')}
            hint={t('assignmentPage.pathHint')}
            name="path"
            required
            autoFocus
            maxLength={1024}
            autoComplete="off"
            spellCheck={false}
            placeholder="loop.py"
            error={fieldError('path')}
          />
        )}
        <AreaField
          label={t('assignmentPage.content')}
          name="content"
          rows={14}
          defaultValue={opened.content}
          autoFocus={opened.path !== null}
        />
        <label className="flex items-start gap-2">
          <input type="checkbox" name="executable" className="mt-1" defaultChecked={opened.executable} />
          {t('assignmentPage.executable')}
        </label>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('assignmentPage.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
