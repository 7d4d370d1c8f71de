'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import { useToast } from '../../../components/ui/toast'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import {
  type Assignment,
  type ImportedTests,
  importedTests,
  type TestsFile,
  testsFile,
} from '../../../lib/protocol-assignments'
import { useFormat } from '../../../lib/use-format'
import { useSubmit } from '../../../lib/use-submit'

interface Shown {
  readonly content: string
  readonly found: ImportedTests
}

/** Adds tests of GitHub Classroom or Classroom 50: a file, then what was found in it, then that. */
export function TestsImportDialog({
  of,
  open,
  onOpenChange,
  onDone,
}: {
  of: Assignment
  open: boolean
  onOpenChange: (open: boolean) => void
  onDone: () => void
}) {
  const t = useTranslations()
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={onOpenChange}
      title={t('assignmentPage.importTests')}
      description={t('assignmentPage.importTestsText')}
    >
      <Import of={of} onDone={onDone} />
    </Dialog>
  )
}

function Import({ of, onDone }: { of: Assignment; onDone: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const [kind, setKind] = useState<TestsFile>('autograding.json')
  const [shown, setShown] = useState<Shown | null>(null)
  const send = (content: string, preview: boolean) =>
    call(importedTests, `/assignments/${of.id}/tests/import`, {
      ...{ method: 'POST', body: { file: kind, content, preview } },
    })
  const { submit, busy, error } = useSubmit(async (form) => {
    if (shown === null) {
      const file = form.get('file')
      if (!(file instanceof File)) return
      const content = await file.text()
      setShown({ content, found: await send(content, true) })
      return
    }
    const { tests } = await send(shown.content, false)
    toast.done(t('assignmentPage.importedTests', { count: tests.length }))
    onDone()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <div className={shown === null ? 'grid gap-3' : 'hidden'}>
          <Field
            label={t('classes.roster.choose')}
            name="file"
            type="file"
            required
            accept=".json,.yml,.yaml"
            className="py-1"
            onChange={({ target }) => {
              const guess = kindOf(target.files?.[0]?.name ?? '')
              if (guess) setKind(guess)
            }}
          />
          <SelectField
            label={t('assignmentPage.testsKind')}
            value={kind}
            onChange={({ target }) => setKind(testsFile.parse(target.value))}
          >
            {testsFile.options.map((one) => (
              <option key={one} value={one}>
                {t(`assignmentPage.testsFiles.${keyOf(one)}`)}
              </option>
            ))}
          </SelectField>
        </div>
        {shown !== null && <Found found={shown.found} />}
      </DialogBody>
      <DialogFooter>
        {shown !== null && (
          <Button look="quiet" onClick={() => setShown(null)}>
            {t('common.cancel')}
          </Button>
        )}
        <Button
          type="submit"
          look="primary"
          busy={busy}
          disabled={shown !== null && shown.found.tests.length === 0}
        >
          {t(shown === null ? 'assignmentPage.showTests' : 'assignmentPage.import')}
        </Button>
      </DialogFooter>
    </form>
  )
}

function Found({ found: { tests, problems } }: { found: ImportedTests }) {
  const t = useTranslations()
  const { number } = useFormat()
  return (
    <div className="grid gap-3">
      {problems.length > 0 && (
        <section className="grid gap-1">
          <h3 className="font-medium text-bad">{t('assignmentPage.problems', { count: problems.length })}</h3>
          <ul className="grid gap-0.5 pl-4 text-muted">
            {problems.map(({ where, problem }) => (
              <li key={`${where} ${problem}`} className="break-words">
                {oneLine(where, 120)}: {oneLine(problem, 300)}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="grid gap-1">
        <h3 className="font-medium">{t('assignmentPage.foundTests', { count: tests.length })}</h3>
        <ul className="grid gap-0.5 pl-4 text-muted">
          {tests.map((one) => (
            <li key={one.id} className="break-words">
              {oneLine(one.name, 200)} · {t('assignmentPage.pointCount', { points: number(one.points) })} ·{' '}
              <code className="break-all font-mono text-xs">{oneLine(one.command, 120)}</code>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

const keys = {
  'autograding.json': 'autograding',
  'classroom.yml': 'workflow',
  'tests.json': 'classroom50',
} as const satisfies Record<TestsFile, string>

const keyOf = (file: TestsFile) => keys[file]

function kindOf(name: string): TestsFile | undefined {
  const known = testsFile.options.find((one) => one === name.toLowerCase())
  return known ?? (/\.ya?ml$/i.test(name) ? 'classroom.yml' : undefined)
}
