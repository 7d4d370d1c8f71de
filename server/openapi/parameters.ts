/** What the `id` or the `name` in an address is of, by the part of the path before it. */
const things: Readonly<Record<string, string>> = {
  assignments: 'assignment',
  builds: 'build',
  classes: 'class',
  disks: 'disk',
  invitations: 'invitation',
  keys: 'API key',
  lessons: 'lesson',
  nodes: 'node',
  quarantine: 'entry of the quarantine',
  runs: 'run',
  sandboxes: 'sandbox',
  schedules: 'schedule',
  sessions: 'session',
  shares: 'share',
  snapshots: 'snapshot',
  stacks: 'stack',
  submissions: 'hand-in',
  templates: 'template',
  tenants: 'tenant',
  transfers: 'transfer',
  users: 'user',
  'volume-snapshots': 'snapshot of a volume',
  volumes: 'volume',
  warm: 'request to pre-warm',
}

/** Parameters that mean the same in every call. */
const shared: Readonly<Record<string, string>> = {
  commentId: 'The id of the comment',
  cursor: '`nextCursor` of the page before',
  description: 'What the template is for',
  executable: 'Whether the file may be run as a program',
  from: 'The earliest time, inclusive',
  group: 'Only students of this group',
  'idempotency-key': 'A second call with the same key answers as the first did and creates nothing',
  invitationId: 'The id of the invitation',
  kind: '`starter`: what students begin with. `hidden`: what only the tests see',
  language: 'Only those in this language',
  'last-event-id': 'The id of the last event that was read: what came after it is sent',
  limit: 'How many entries a page has at most',
  node: 'The id of the node, where there are several',
  one: 'The id of one hand-in',
  other: 'The id of the other hand-in',
  partId: 'The id of the section or group',
  path: 'The path of the file',
  port: 'The port inside the sandbox',
  processId: 'The id of the process or terminal',
  request: 'With what was sent to create it',
  section: 'Only students of this section',
  snapshotId: 'The id of the snapshot',
  state: 'Only those in this state',
  studentId: 'The id of the student in the class',
  terminalId: 'The id of the terminal',
  to: 'The latest time, exclusive',
  userId: 'The id of the user',
}

/** What a parameter means that says nothing of itself; undefined where this is not known. */
export function describeParameter(path: string, name: string): string | undefined {
  const [, before] = new RegExp(`([\\w-]+)/\\{${name}\\}`).exec(path) ?? []
  const thing = before === undefined ? undefined : things[before]
  if (name === 'id' && thing !== undefined) return `The id of the ${thing}`
  if (name === 'name' && thing !== undefined) return `The name of the ${thing}`
  return shared[name]
}
