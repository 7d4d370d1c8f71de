/** Settings of a tenant. */
export const settings = {
  appearance: 'Appearance',
  auditLog: 'Audit log',
  commandsOff: 'Commands are no longer recorded.',
  commandsOn: 'Commands are recorded from now on.',
  confirmName: 'Type the name of the tenant to confirm',
  deleteFirst: 'Delete its {count, plural, one {# sandbox} other {# sandboxes}} first.',
  deleteTenant: 'Delete tenant',
  deleteTenantAsk: 'Delete tenant…',
  deleteText:
    'Permanently deletes the tenant with its API keys, runs, audit log and usage history. Its members lose access.',
  deleteTitle: 'Delete this tenant?',
  deletes:
    'This permanently deletes <strong>{name}</strong> with its API keys, runs, audit log and usage history.',
  idle: 'Idle sandboxes',
  idleLabel: 'New sandboxes, when idle',
  idleSaved: 'Applies to new sandboxes.',
  name: 'Name',
  onlyTenant: 'This is your only tenant. Create another one first, or delete your account.',
  ownersOnly: 'Only owners can change this.',
  ownersRename: 'Only owners can rename the tenant.',
  record: 'Record commands',
  recordText:
    'Each command that is run through the API or the command line gets an entry with its text. What people type in terminals is not recorded.',
  rename: 'Rename tenant',
  renamed: 'Renamed the tenant.',
  tenant: 'Tenant',
  theme: 'Theme',
  themeText:
    'Terminals match the app by default. To choose another color theme, use the settings menu of a terminal.',
} as const
