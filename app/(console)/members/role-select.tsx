'use client'

import { useTranslations } from 'use-intl'
import { SelectField } from '../../components/ui/field'
import { type Role, role } from '../../lib/protocol'

/** One of the roles. Only an owner makes owners. */
export function RoleSelect({
  label,
  value,
  withOwner,
  bare = true,
  onChange,
}: {
  label: string
  value: Role
  withOwner: boolean
  bare?: boolean
  onChange: (role: Role) => void
}) {
  const t = useTranslations()
  const roles = role.options.filter((option) => withOwner || option !== 'owner' || value === 'owner')
  return (
    <SelectField
      label={label}
      bare={bare}
      value={value}
      disabled={value === 'owner' && !withOwner}
      onChange={(event) => onChange(role.parse(event.currentTarget.value))}
      className="w-auto min-w-28"
    >
      {roles.map((option) => (
        <option key={option} value={option}>
          {t(`members.roles.${option}`)}
        </option>
      ))}
    </SelectField>
  )
}
