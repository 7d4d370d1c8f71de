'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { AreaField, Field, SelectField } from '../../../components/ui/field'
import { Notice } from '../../../components/ui/notice'
import {
  type Assignment,
  type AssignmentJudge,
  type AssignmentTest,
  assignmentJudge,
  assignmentTest,
} from '../../../lib/protocol-assignments'
import { text, useSubmit } from '../../../lib/use-submit'
import { change } from './change'
import { JudgeFields } from './judge-fields'
import { freeId } from './step-draft'

interface Props {
  readonly of: Assignment
  readonly onClose: () => void
  readonly onChange: (changed: Assignment) => void
}

/** A test, new or as it is. @param edited its id; null while it is closed */
export function TestDialog({ edited, ...rest }: Props & { edited: string | 'new' | null }) {
  const t = useTranslations()
  const before = rest.of.setup?.tests.find(({ id }) => id === edited) ?? null
  return (
    <Dialog
      wide
      open={edited !== null}
      onOpenChange={(open) => open || rest.onClose()}
      title={t(edited === 'new' ? 'assignmentPage.addTest' : 'assignmentPage.editTest')}
    >
      {edited !== null && <Form before={before} {...rest} />}
    </Dialog>
  )
}

const comparisons = assignmentTest.shape.comparison.unwrap().options
const visibilities = assignmentTest.shape.visible.unwrap().options
const modes = assignmentJudge.shape.mode.options

/** What is blank is left out; what the form does not ask for stays. */
function judgeOf(
  mode: AssignmentJudge['mode'],
  lines: (field: string) => string,
  before: AssignmentJudge | undefined,
): AssignmentJudge {
  const given = { compile: lines('judgeCompile'), report: lines('judgeReport') }
  return {
    ...{ mode, command: lines('judgeCommand') },
    ...(before?.template !== undefined && { template: before.template }),
    ...(given.compile !== '' && { compile: given.compile }),
    ...(given.report !== '' && { report: given.report }),
  }
}

function Form({ of, before, onClose, onChange }: Props & { before: AssignmentTest | null }) {
  const t = useTranslations()
  const tests = of.setup?.tests ?? []
  const at = before === null ? tests.length : tests.indexOf(before)
  const [decides, setDecides] = useState<'output' | AssignmentJudge['mode']>(before?.judge?.mode ?? 'output')
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name')
    const lines = (field: string) => text(form, field).replace(/\r\n?/g, '\n')
    const optional = (field: 'setup' | 'input' | 'expected') => {
      const value = lines(field)
      return value === '' ? {} : { [field]: value }
    }
    const mode = modes.find((one) => one === decides)
    const made: AssignmentTest = {
      ...{ id: before?.id ?? freeId(name, new Set(tests.map(({ id }) => id)), 'test'), name },
      ...{ command: lines('command'), points: Number(text(form, 'points')) },
      timeoutSeconds: Number(text(form, 'timeoutSeconds')),
      comparison:
        comparisons.find((one) => one === text(form, 'comparison')) ?? before?.comparison ?? 'included',
      visible: visibilities.find((one) => one === text(form, 'visible')) ?? 'name',
      ...(mode !== undefined && { judge: judgeOf(mode, lines, before?.judge) }),
      ...optional('setup'),
      ...optional('input'),
      ...optional('expected'),
    }
    const others = before === null ? [...tests, made] : tests.map((one) => (one === before ? made : one))
    onChange(await change(of.id, { tests: others }))
    onClose()
  })
  const fieldOf = (path: string) => fieldError(`tests.${at}.${path}`)
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('assignmentPage.name')}
          name="name"
          required
          autoFocus
          maxLength={200}
          defaultValue={before?.name}
          error={fieldOf('name')}
        />
        <div className="grid grid-cols-2 gap-3">
          <Field
            label={t('assignmentPage.points')}
            name="points"
            type="number"
            inputMode="decimal"
            step="any"
            min={0}
            max={10_000}
            required
            defaultValue={before?.points ?? 1}
            error={fieldOf('points')}
          />
          <Field
            label={t('assignmentPage.timeout')}
            name="timeoutSeconds"
            type="number"
            inputMode="numeric"
            min={1}
            max={3600}
            required
            defaultValue={before?.timeoutSeconds ?? 10}
            error={fieldOf('timeoutSeconds')}
          />
        </div>
        <AreaField
          label={t('assignmentPage.setup')}
          hint={t('assignmentPage.setupHint')}
          name="setup"
          rows={2}
          maxLength={8192}
          defaultValue={before?.setup}
          error={fieldOf('setup')}
        />
        <AreaField
          label={t('assignmentPage.command')}
          name="command"
          rows={2}
          required
          maxLength={8192}
          placeholder="python3 loop.py"
          defaultValue={before?.command}
          error={fieldOf('command')}
        />
        <AreaField
          label={t('assignmentPage.input')}
          name="input"
          rows={2}
          defaultValue={before?.input}
          error={fieldOf('input')}
        />
        <AreaField
          label={t('assignmentPage.expected')}
          hint={t('assignmentPage.expectedHint')}
          name="expected"
          rows={3}
          defaultValue={before?.expected}
          error={fieldOf('expected')}
        />
        <SelectField
          label={t('assignmentPage.decides')}
          value={decides}
          onChange={({ target }) => setDecides(modes.find((one) => one === target.value) ?? 'output')}
        >
          {(['output', ...modes] as const).map((one) => (
            <option key={one} value={one}>
              {t(`assignmentPage.deciding.${one}`)}
            </option>
          ))}
        </SelectField>
        {decides === 'output' ? (
          <SelectField
            label={t('assignmentPage.comparison')}
            name="comparison"
            defaultValue={before?.comparison ?? 'included'}
          >
            {comparisons.map((one) => (
              <option key={one} value={one}>
                {t(`assignmentPage.comparisons.${one}`)}
              </option>
            ))}
          </SelectField>
        ) : (
          <JudgeFields before={before?.judge} fieldOf={(name) => fieldOf(`judge.${name}`)} />
        )}
        <SelectField
          label={t('assignmentPage.visible')}
          name="visible"
          defaultValue={before?.visible ?? 'name'}
        >
          {visibilities.map((one) => (
            <option key={one} value={one}>
              {t(`assignmentPage.visibilities.${one}`)}
            </option>
          ))}
        </SelectField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('assignmentPage.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
