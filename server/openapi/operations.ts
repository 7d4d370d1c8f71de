/**
 * The name of each call for generated clients, which make a method of it: `listSandboxes()`. Names are stable: a
 * client that was generated once keeps compiling.
 */
export const operationIds: Readonly<Record<string, string>> = {
  'POST /sandboxes': 'createSandbox',
  'GET /sandboxes': 'listSandboxes',
  'GET /sandboxes/:id': 'getSandbox',
  'PATCH /sandboxes/:id': 'updateSandbox',
  'DELETE /sandboxes/:id': 'deleteSandbox',
  'POST /sandboxes/:id/pause': 'pauseSandbox',
  'POST /sandboxes/:id/resume': 'resumeSandbox',
  'POST /sandboxes/:id/stop': 'stopSandbox',
  'POST /sandboxes/:id/start': 'startSandbox',
  'POST /sandboxes/:id/exec': 'execCommand',
  'POST /sandboxes/:id/processes': 'startProcess',
  'GET /sandboxes/:id/processes': 'listProcesses',
  'GET /sandboxes/:id/processes/:processId': 'getProcess',
  'DELETE /sandboxes/:id/processes/:processId': 'killProcess',
  'GET /sandboxes/:id/processes/:processId/output': 'followProcess',
  'POST /sandboxes/:id/processes/:processId/stdin': 'sendStdin',
  'POST /sandboxes/:id/processes/:processId/signal': 'signalProcess',
  'POST /sandboxes/:id/processes/:processId/resize': 'resizeProcess',
  'GET /sandboxes/:id/ports': 'listPorts',
  'GET /sandboxes/:id/terminals': 'listTerminals',
  'POST /sandboxes/:id/terminals': 'openTerminal',
  'DELETE /sandboxes/:id/terminals/:terminalId': 'closeTerminal',
  'GET /sandboxes/:id/files/stat': 'statFile',
  'GET /sandboxes/:id/tree': 'listFiles',
  'POST /sandboxes/:id/files/move': 'moveFile',
  'POST /sandboxes/:id/files/mkdir': 'makeDirectory',
  'DELETE /sandboxes/:id/files': 'deleteFile',
  'GET /sandboxes/:id/files': 'readFile',
  'PUT /sandboxes/:id/files': 'writeFile',
  'GET /sandboxes/:id/archive': 'readArchive',
  'PUT /sandboxes/:id/archive': 'writeArchive',
  'GET /templates': 'listTemplates',
  'GET /languages': 'listLanguages',
  'POST /runs': 'createRun',
  'GET /runs': 'listRuns',
  'DELETE /runs': 'deleteFinishedRuns',
  'GET /runs/:id': 'getRun',
  'DELETE /runs/:id': 'cancelRun',
  'GET /runs/:id/events': 'followRun',
  'GET /runs/callback-secret': 'getCallbackSecret',
  'GET /me': 'getMe',
  'POST /tenants': 'createTenant',
  'PATCH /tenant': 'renameTenant',
  'POST /tenants/:id/activate': 'activateTenant',
  'GET /members': 'listMembers',
  'PATCH /members/:userId': 'updateMember',
  'DELETE /members/:userId': 'removeMember',
  'POST /invitations': 'createInvitation',
  'POST /invitations/accept': 'acceptInvitation',
  'DELETE /invitations/:id': 'deleteInvitation',
  'GET /keys': 'listApiKeys',
  'POST /keys': 'createApiKey',
  'DELETE /keys/:id': 'deleteApiKey',
  'GET /quota': 'getQuota',
  'GET /usage': 'getUsage',
  'GET /usage.csv': 'getUsageCsv',
  'GET /audit': 'listAuditEvents',
  'GET /audit.csv': 'getAuditCsv',
  'DELETE /tenant': 'deleteTenant',
  'POST /invitations/preview': 'previewInvitation',
  'PATCH /account': 'updateAccount',
  'DELETE /account': 'deleteAccount',
  'PUT /account/password': 'changePassword',
  'GET /account/sessions': 'listSessions',
  'DELETE /account/sessions': 'endOtherSessions',
  'DELETE /account/sessions/:id': 'endSession',
  'GET /account/deletion': 'previewAccountDeletion',
  'POST /account/reset/preview': 'previewPasswordReset',
  'POST /account/reset': 'resetPassword',
  'GET /admin/users': 'listUsers',
  'POST /admin/users/:id/reset-link': 'createResetLink',
  'GET /admin/node': 'getNode',
  'GET /admin/nodes': 'listNodes',
  'POST /admin/nodes': 'addNode',
  'PATCH /admin/nodes/:id': 'updateNode',
  'DELETE /admin/nodes/:id': 'removeNode',
  'GET /admin/pools': 'getPools',
  'PUT /admin/pools/schedules/:name': 'saveSchedule',
  'DELETE /admin/pools/schedules/:name': 'deleteSchedule',
  'POST /admin/pools/warm': 'preWarm',
  'DELETE /admin/pools/warm/:id': 'cancelPreWarm',
  'GET /admin/quarantine': 'listQuarantine',
  'POST /admin/quarantine': 'quarantineSandbox',
  'POST /admin/quarantine/:id/restore': 'restoreSandbox',
  'DELETE /admin/quarantine/:id': 'deleteQuarantined',
  'GET /admin/installation': 'getInstallation',
  'POST /admin/installation/adopt': 'adoptNode',
  'GET /admin/tenants': 'listTenants',
  'PATCH /admin/tenants/:id': 'updateTenantQuota',
  'POST /admin/tenants/:id/pause': 'pauseTenant',
  'POST /admin/tenants/:id/resume': 'resumeTenant',
}

/** The groups of calls, in the order of the reference. */
export const tags: readonly { readonly name: string; readonly description: string }[] = [
  {
    name: 'sandboxes',
    description: 'Create, change and delete sandboxes; run commands in them.',
  },
  {
    name: 'terminals',
    description: 'List, open and end terminals; keystrokes and screens go over the socket.',
  },
  {
    name: 'processes',
    description: 'Start programs that outlive the call, follow their output, send them input and signals.',
  },
  { name: 'ports', description: 'What listens inside a sandbox, and who may open it.' },
  { name: 'files', description: 'Read and write the files of a sandbox.' },
  { name: 'runs', description: 'One-off tasks: each runs in a fresh sandbox that is deleted afterwards.' },
  { name: 'tenants', description: 'Tenants with their members, API keys, quota, usage and audit log.' },
  { name: 'account', description: 'Your own name, password, sessions and account; password reset links.' },
  { name: 'admin', description: 'For operators: nodes, their pools, and every tenant.' },
]

/** What a call reads or answers that is not JSON. */
const octets = 'application/octet-stream'
const tar = 'application/x-tar'
const events = 'text/event-stream'

/** Media types of answers that are not, or not only, JSON. */
export const answersWith: Readonly<Record<string, { readonly type: string; readonly description: string }>> =
  {
    readFile: { type: octets, description: 'The content of the file' },
    readArchive: { type: tar, description: 'The tree as a tar archive' },
    followRun: { type: events, description: 'Server-sent events; the last one is `result`' },
    getAuditCsv: { type: 'text/csv', description: 'One line for each event' },
    getUsageCsv: { type: 'text/csv', description: 'One line for each hour' },
    execCommand: {
      type: events,
      description: 'With `Accept: text/event-stream`: the output as it is written',
    },
  }

/** Media types of bodies that are not JSON. */
export const takes: Readonly<Record<string, { readonly type: string; readonly description: string }>> = {
  writeFile: { type: octets, description: 'The content of the file' },
  writeArchive: { type: tar, description: 'A tar archive' },
}
