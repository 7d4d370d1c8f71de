'use client'

import { SelectField } from '../../components/ui/field'
import { type Role, role } from '../../lib/protocol'

export const roleNames: Record<Role, string> = { member: 'Member', admin: 'Admin', owner: 'Owner' }

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
          {roleNames[option]}
        </option>
      ))}
    </SelectField>
  )
}
