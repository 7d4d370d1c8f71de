import { useTranslations } from 'use-intl'
import { AreaField, Field } from '../../../components/ui/field'
import type { AssignmentJudge } from '../../../lib/protocol-assignments'

interface Props {
  readonly before: AssignmentJudge | undefined
  /** What is wrong with a part of the judge. */
  readonly fieldOf: (name: string) => string | undefined
}

/** A program that decides about a test, beside the hidden files. */
export function JudgeFields({ before, fieldOf }: Props) {
  const t = useTranslations()
  return (
    <>
      <AreaField
        label={t('assignmentPage.judgeCommand')}
        hint={t('assignmentPage.judgeCommandHint')}
        name="judgeCommand"
        rows={2}
        required
        maxLength={8192}
        placeholder="python3 check.py"
        defaultValue={before?.command}
        error={fieldOf('command')}
      />
      <AreaField
        label={t('assignmentPage.judgeCompile')}
        hint={t('assignmentPage.judgeCompileHint')}
        name="judgeCompile"
        rows={2}
        maxLength={8192}
        defaultValue={before?.compile}
        error={fieldOf('compile')}
      />
      <Field
        label={t('assignmentPage.judgeReport')}
        hint={t('assignmentPage.judgeReportHint')}
        name="judgeReport"
        maxLength={1024}
        placeholder="results.json"
        defaultValue={before?.report}
        error={fieldOf('report')}
      />
    </>
  )
}
