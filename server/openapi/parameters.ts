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
  platforms: 'learning platform',
  quarantine: 'entry of the quarantine',
  runs: 'run',
  sandboxes: 'sandbox',
  schedules: 'schedule',
  sessions: 'session',
  shares: 'share',
  snapshots: 'snapshot',
  'ssh-keys': 'SSH key',
  stacks: 'stack',
  submissions: 'hand-in',
  templates: 'template',
  tenants: 'tenant',
  transfers: 'transfer',
  users: 'user',
  'volume-snapshots': 'snapshot of a volume',
  volumes: 'volume',
  warm: 'request to pre-warm',
  webhooks: 'webhook',
}

/** Parameters that mean the same in every call. */
const shared: Readonly<Record<string, string>> = {
  commentId: 'the id of the comment',
  cursor: '`nextCursor` of the page before',
  deliveryId: 'the id of the delivery',
  description: 'what the template is for',
  executable: 'whether the file may be run as a program',
  from: 'the earliest time, inclusive',
  group: 'only students of this group',
  'idempotency-key': 'a second call with the same key answers as the first did and creates nothing',
  invitationId: 'the id of the invitation',
  kind: '`starter`: what students begin with. `hidden`: what only the tests see',
  language: 'only those in this language',
  'last-event-id': 'the id of the last event that was read: what came after it is sent',
  limit: 'how many entries a page has at most',
  node: 'the id of the node, where there are several',
  one: 'the id of one hand-in',
  other: 'the id of the other hand-in',
  partId: 'the id of the section or group',
  path: 'the path of the file',
  port: 'the port inside the sandbox',
  processId: 'the id of the process or terminal',
  request: 'with what was sent to create it',
  section: 'only students of this section',
  snapshotId: 'the id of the snapshot',
  state: 'only those in this state',
  studentId: 'the id of the student in the class',
  terminalId: 'the id of the terminal',
  to: 'the latest time, exclusive',
  userId: 'the id of the user',
}

/** What a parameter means that says nothing of itself; undefined where this is not known. */
export function describeParameter(path: string, name: string): string | undefined {
  const [, before] = new RegExp(`([\\w-]+)/\\{${name}\\}`).exec(path) ?? []
  const thing = before === undefined ? undefined : things[before]
  if (name === 'id' && thing !== undefined) return `the id of the ${thing}`
  if (name === 'name' && thing !== undefined) return `the name of the ${thing}`
  return shared[name]
}
