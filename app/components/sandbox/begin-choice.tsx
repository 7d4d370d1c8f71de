'use client'

import { useTranslations } from 'use-intl'
import { repositoryUrlMax } from '../../git/address'
import { Choice } from '../ui/choice'
import { Field } from '../ui/field'

const beginnings = ['starter', 'repository', 'empty'] as const
export type Beginning = (typeof beginnings)[number]

/** What the home directory of a new sandbox begins with. */
export function BeginChoice({
  value,
  onChange,
  repository,
}: {
  value: Beginning
  onChange: (value: Beginning) => void
  /** The address that it begins with. */
  repository: string
}) {
  const t = useTranslations()
  return (
    <>
      <Choice
        label={t('start.label')}
        value={value}
        onChange={onChange}
        options={beginnings.map((one) => ({
          value: one,
          title: t(`start.${one}`),
          text: t(`start.${one}Text`),
        }))}
        className="grid-cols-1 sm:grid-cols-3"
      />
      {value === 'repository' && (
        <Field
          label={t('start.url')}
          hint={t('start.urlHint')}
          name="repository"
          placeholder="https://"
          defaultValue={repository}
          maxLength={repositoryUrlMax}
          autoComplete="off"
          spellCheck={false}
          required
        />
      )}
    </>
  )
}
