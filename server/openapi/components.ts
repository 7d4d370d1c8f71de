import { z } from 'zod'
import * as protocol from '../../protocol/api/index.js'

/**
 * The schemas that have a name in the OpenAPI document, so that generated clients have a type for each; with
 * examples where a person would otherwise have to guess. A test checks every example against its schema.
 */
const named: Readonly<Record<string, readonly [schema: z.ZodType, ...examples: unknown[]]>> = {
  Problem: [
    protocol.problem,
    {
      ...{ type: 'urn:cloche:problem:quota_exceeded', title: 'Quota exceeded', status: 422 },
      ...{ code: 'quota_exceeded', detail: 'the quota of 10 sandboxes is used up; delete one first' },
    },
  ],
  CreateSandbox: [
    protocol.createSandbox,
    { name: 'lab', limits: { cpus: 1, memoryMiB: 512 }, network: 'internet', ttlSeconds: 28_800 },
    { template: 'base', network: { allow: ['pypi.org', 'files.pythonhosted.org'] } },
  ],
  UpdateSandbox: [protocol.updateSandbox, { limits: { memoryMiB: 1024 } }, { name: 'desk', network: 'none' }],
  Sandbox: [protocol.sandboxWithUsage],
  Limits: [protocol.limits, { cpus: 1, memoryMiB: 512, diskMiB: 2048, pids: 256 }],
  SandboxLimits: [protocol.storedLimits],
  SandboxUsage: [protocol.usage],
  ExecRequest: [
    protocol.execRequest,
    { command: 'make && ./test', cwd: 'project', timeoutMs: 120_000 },
    { command: ['python3', '-c', 'print(6 * 7)'] },
  ],
  ExecResult: [
    protocol.execResult,
    {
      ...{ exitCode: 0, signal: null, stdout: '42\n', stderr: '' },
      ...{ truncated: false, timedOut: false, durationMs: 21.5 },
    },
  ],
  StopSandbox: [protocol.stopSandbox, { graceSeconds: 20 }],
  StartProcess: [
    protocol.startProcess,
    { command: 'python3 -m http.server 8000', cwd: 'site' },
    { command: ['sort', '-n'], stdin: true, timeoutMs: 600_000 },
  ],
  LanguageServer: [protocol.languageServer],
  Process: [protocol.sandboxProcess],
  SignalProcess: [protocol.signalProcess, { signal: 'SIGTERM' }],
  Port: [protocol.port],
  PortShare: [protocol.portShare],
  SharePort: [
    protocol.sharePort,
    { visibility: 'public', expiresAt: '2027-01-31T18:00:00Z' },
    { visibility: 'private' },
  ],
  ResizeProcess: [protocol.resizeProcess, { cols: 120, rows: 40 }],
  CreateShare: [
    protocol.createShare,
    { level: 'look', expiresInSeconds: 86_400 },
    { level: 'type', member: 'ada@example.org' },
  ],
  ChangeShare: [protocol.changeShare, { level: 'look' }],
  LeaveShare: [protocol.leaveShare],
  Share: [protocol.share],
  ShareCreated: [protocol.shareCreated],
  ReceivedShare: [protocol.receivedShare],
  CreateSnapshot: [protocol.createSnapshot, { name: 'before the upgrade' }],
  ChangeSnapshot: [protocol.changeSnapshot, { name: 'before the upgrade' }],
  Snapshot: [protocol.snapshot],
  RestoreSnapshot: [protocol.restoreSnapshot, { snapshot: 'sn_0123456789abcdefghjk' }],
  RestoredSandbox: [protocol.restoredSandbox],
  ForkSandbox: [protocol.forkSandbox, { count: 3, name: 'try' }],
  DiskChange: [protocol.diskChange],
  CreateClass: [protocol.createClass, { name: 'Computing 10b', timeZone: 'Europe/Berlin' }],
  ChangeClass: [protocol.changeClass, { archived: true }],
  Class: [protocol.classDescription],
  ClassPart: [protocol.classPart],
  ClassPartName: [protocol.partName, { name: 'Tuesday' }],
  SetClassStaff: [protocol.setStaff, { role: 'assistant' }],
  AddClassStudent: [
    protocol.addStudent,
    { name: 'Ann Lee' },
    { name: 'Ben Wu', email: 'ben@example.org', number: '2026017' },
  ],
  ChangeClassStudent: [protocol.changeStudent, { name: 'Ann Lee-Kim', group: null }],
  ClassStudent: [protocol.classStudent],
  RosterPreview: [protocol.rosterPreview],
  MakeSignInCards: [protocol.makeCards],
  SignInCards: [protocol.signInCards],
  InviteToClass: [protocol.inviteToClass, { maxUses: 40, expiresInSeconds: 86_400 }],
  CreateSchedule: [
    protocol.createSchedule,
    {
      ...{ action: 'snapshot', sandbox: 'sb_0123456789abcdefghjk', name: 'nightly' },
      ...{ cron: '30 2 * * *', timeZone: 'Europe/Berlin', keep: 7 },
    },
    {
      action: 'wake',
      sandbox: 'sb_0123456789abcdefghjk',
      cron: '0 8 * * MON-FRI',
      timeZone: 'Asia/Shanghai',
    },
    {
      ...{ action: 'rebuild', template: 'course', cron: '@weekly' },
      from: { volume: 'vl_0123456789abcdefghjk', path: '/course' },
    },
  ],
  ChangeSchedule: [protocol.changeSchedule, { keep: 14 }, { enabled: false }],
  Schedule: [protocol.schedule],
  CreateVolume: [
    protocol.createVolume,
    { name: 'datasets', sizeMiB: 4096 },
    { name: 'datasets of last week', from: 'vs_0123456789abcdefghjk' },
  ],
  ChangeVolume: [protocol.changeVolume, { sizeMiB: 8192 }, { name: 'archive' }],
  Volume: [protocol.volume],
  VolumeMount: [
    protocol.volumeMount,
    { volume: 'vl_0123456789abcdefghjk', path: '/data' },
    { volume: 'vl_0123456789abcdefghjk', path: '/srv/models', readOnly: true },
  ],
  StoredVolumeMount: [protocol.storedVolumeMount],
  Healthcheck: [
    protocol.healthcheck,
    { test: ['curl', '-f', 'http://localhost:8080/'], intervalSeconds: 10, retries: 3 },
  ],
  Service: [protocol.service, {}, { command: ['python3', '-m', 'http.server', '8080'], restart: 'always' }],
  ServiceStatus: [protocol.serviceStatus],
  CreateStack: [
    protocol.createStack,
    {
      name: 'shop',
      compose: 'services:\n  web:\n    image: base\n    command: python3 -m http.server 8080\n',
    },
  ],
  Stack: [protocol.stack],
  StackWithFile: [protocol.stackWithFile],
  StackService: [protocol.stackService],
  CreateVolumeSnapshot: [protocol.createVolumeSnapshot, { name: 'before the import' }],
  VolumeSnapshot: [protocol.volumeSnapshot],
  OpenTerminal: [protocol.openTerminal, { cols: 120, rows: 40 }],
  Terminal: [protocol.terminal],
  MoveFile: [protocol.moveFile],
  CopyFile: [protocol.copyFile, { from: 'project', to: 'backup' }],
  ChangeMode: [protocol.changeMode, { path: 'run.sh', mode: '755' }],
  SignFile: [protocol.signFile, { path: 'report.pdf', expiresInSeconds: 600 }],
  SignedFile: [protocol.signedFile],
  MakeDirectory: [protocol.makeDirectory],
  FileEntry: [protocol.fileEntry],
  FileTree: [protocol.fileTree],
  Template: [protocol.template],
  CreateTemplate: [protocol.createTemplate],
  CreateSnapshotImage: [protocol.createSnapshotImage, { image: 'team/app:2' }],
  PushedImage: [protocol.pushedImage],
  PullImage: [protocol.pullImage, { from: 'registry.example.org/team/app:1.0', template: 'app' }],
  PushImage: [protocol.pushImage, { image: 'team/app:1.0', to: 'registry.example.org/team/app:1.0' }],
  Transfer: [protocol.transfer],
  RegistryLogin: [protocol.registryLogin, { username: 'ci', password: 'a token' }],
  RegistryCredential: [protocol.registryCredential],
  Language: [protocol.language],
  CreateRun: [
    protocol.createRun,
    { language: 'python', files: [{ path: 'main.py', content: 'print(input()[::-1])' }], stdin: 'abc\n' },
    {
      ...{ language: 'c', files: [{ path: 'main.c', content: 'int main() { return 0; }' }] },
      cases: [{ name: 'first', stdin: '1 2\n', expected: '3\n' }],
    },
    { command: 'uname -a; nproc', limits: { wallMs: 5000 } },
  ],
  Build: [protocol.build],
  Run: [protocol.run],
  RunSummary: [protocol.runSummary],
  StepResult: [protocol.stepResult],
  CaseResult: [protocol.caseResult],
  Me: [protocol.me],
  Tenant: [protocol.tenant],
  TenantName: [protocol.tenantName],
  UpdateTenant: [
    protocol.updateTenant,
    { name: 'Class of 2027' },
    { auditCommands: true },
    { idle: { pauseAfterSeconds: 1800 } },
  ],
  Member: [protocol.member],
  ChangeMember: [protocol.changeMember],
  Invitation: [protocol.invitation],
  Invite: [protocol.invite, { email: 'ada@example.org', role: 'member' }],
  AcceptInvitation: [protocol.acceptInvitation],
  LinkSecret: [protocol.linkBody],
  ResetPassword: [protocol.resetPassword],
  ChangeAccount: [protocol.changeAccount],
  ChangePassword: [protocol.changePassword],
  DeleteAccount: [protocol.deleteAccount],
  DeleteTenant: [protocol.deleteTenant],
  ApiKey: [protocol.apiKey],
  CreateApiKey: [protocol.createApiKey, { name: 'ci' }],
  Quota: [protocol.quota],
  QuotaStatus: [protocol.quotaStatus],
  UsageReport: [protocol.usageReport],
  DiskUse: [protocol.diskUse],
  AuditEvent: [protocol.auditEvent],
  Node: [protocol.node],
  RegisteredNode: [protocol.registeredNode],
  AddNode: [
    protocol.addNode,
    {
      name: 'second',
      address: {
        url: 'https://node2.example.org:7443',
        ...{
          caFile: '/etc/cloche/ca.pem',
          certFile: '/etc/cloche/server.pem',
          keyFile: '/etc/cloche/server.key',
        },
      },
      labels: { zone: 'b' },
    },
  ],
  ChangeNode: [protocol.changeNode, { cordoned: true }],
  Quarantine: [protocol.adminQuarantine],
  QuarantineEntry: [protocol.quarantineEntry],
  QuarantineSandbox: [protocol.quarantineSandbox],
  RestoreSandbox: [protocol.restoreSandbox],
  Installation: [protocol.pairing],
  AdoptNode: [protocol.adoptNode],
  PoolsStatus: [protocol.poolsStatus],
  PoolSchedule: [protocol.poolSchedule],
  PreWarmRequest: [protocol.warmRequest],
  AdminTenant: [protocol.adminTenant],
  ChangeTenant: [protocol.changeTenant],
}

/** Gives the named schemas their names. Asked again it does nothing new. */
export function nameComponents(): void {
  for (const [name, [schema, ...examples]] of Object.entries(named)) {
    const known = z.globalRegistry.get(schema) ?? {}
    z.globalRegistry.add(schema, { ...known, id: name, ...(examples.length === 0 ? {} : { examples }) })
  }
}

/** Each example with the schema that it is of, for the test that holds them to it. */
export const examplesOf = () =>
  Object.entries(named).flatMap(([name, [schema, ...examples]]) =>
    examples.map((example) => ({ name, schema, example })),
  )
