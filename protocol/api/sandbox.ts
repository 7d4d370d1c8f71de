import { z } from 'zod'
import { boundedRecord, metadata } from './bounds.js'
import { assignmentId, sandboxId, snapshotId, terminalId } from './ids.js'
import { incident, limitsRequest, storedLimits, usage } from './limits.js'
import { listOf } from './lists.js'
import { networkPolicy } from './network.js'
import { pathBytes, pathBytesMax, pathTextMax, utf8 } from './path.js'
import { serviceStatus } from './service-status.js'
import { textWithoutNul } from './text.js'
import { storedVolumeMount, volumeMounts } from './volume-mounts.js'

/** Text a person gives a thing: one line, no control or bidirectional-override characters. */
export const displayName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'must not contain control characters')

/** Names that nodes have for templates of tenants begin with it. */
const reserved = 'tenant--'
export const templateName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'is not a template name')
/** What somebody may call a template. */
export const newTemplateName = templateName.refine((name) => !name.startsWith(reserved), {
  message: `must not begin with ${reserved}`,
})
/** What nodes call a template of a tenant. @param id such as `tp_ab…` */
export const nodeTemplateName = (id: string): string => `${reserved}${id.slice(3)}`
/** The reverse; undefined for a name of anything else. */
export const templateIdOf = (nodeName: string): string | undefined =>
  nodeName.startsWith(reserved) ? `tp_${nodeName.slice(reserved.length)}` : undefined

/** Environment variables given to every process of a sandbox, exec or terminal. */
export const environment = boundedRecord(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not a variable name'),
  textWithoutNul(32_768),
  { entries: 256, bytes: 131_072 },
)

/** Text as it is, or bytes as base64. */
export const contentEncoding = z.enum(['utf8', 'base64'])

/** A path inside a sandbox; `path.ts` says how bytes are written that are no UTF-8. */
export const insidePath = textWithoutNul(pathTextMax)
  .min(1)
  .superRefine((text, context) => {
    const bytes = pathBytes(text)
    if (typeof bytes === 'string') context.addIssue(bytes)
    else if (bytes.length === 0) context.addIssue('must not be empty')
    else if (bytes.length > pathBytesMax) context.addIssue(`must have at most ${pathBytesMax} bytes`)
    // One that is written as it is has been told of already.
    else if (bytes.includes(0) && !text.includes('\0')) context.addIssue('must not contain NUL')
  })
  .describe('absolute, or from /home/user; bytes that are not UTF-8 as a file: URI, such as file:caf%E9')

/** Where a program starts: what starts it takes text only. */
export const workingDirectory = insidePath.refine((text) => {
  const bytes = pathBytes(text)
  return typeof bytes === 'string' || utf8(bytes) !== undefined
}, 'must be UTF-8: change to other directories in the command itself')

/** A string is run by `/bin/sh -c`; an array is a program and its arguments. */
export const command = z.union([
  textWithoutNul(131_072).min(1),
  z.array(textWithoutNul(131_072)).min(1).max(1024),
])

export const isolation = z.enum(['standard', 'hardened'])
export type Isolation = z.infer<typeof isolation>

/** `unreachable`: the node that it is on does not answer. Nothing is lost; it is as it was when the node is back. */
export const sandboxState = z.enum([
  'creating',
  'running',
  'paused',
  'stopped',
  'deleted',
  'failed',
  'unreachable',
])
export type SandboxState = z.infer<typeof sandboxState>

const idleSeconds = z.int().min(60).max(31_536_000)

/**
 * When a sandbox is put to sleep that nothing uses: nobody is attached to it, no call is about it, and its programs use
 * next to no processor, disk and network. Use wakes it.
 */
export const idlePolicy = z.strictObject({
  pauseAfterSeconds: idleSeconds.optional().describe('its processes stand still, and keep their memory'),
  stopAfterSeconds: idleSeconds.optional().describe('its processes end; the disk is kept'),
})
export type IdlePolicy = z.infer<typeof idlePolicy>

/** What becomes of a sandbox that ends without having been stopped. */
export const restartPolicy = z
  .enum(['no', 'unless-stopped'])
  .describe(
    'unless-stopped: started again when it has ended by itself or its machine was restarted, after a pause that grows with each try',
  )

/** Of a sandbox or snapshot: the student of whose work it is a copy. */
export const copyOf = z
  .string()
  .nullable()
  .default(null)
  .describe(
    'the student of whose work staff made this as a copy, which is seen by whoever sees the work of that student, and not by the student',
  )
/** In a change of one. */
export const publish = z
  .null()
  .optional()
  .describe(
    'of a copy of a student’s work: all members of the tenant see it from now on; for owners and admins',
  )

/** Body of `PATCH /api/v1/sandboxes/{id}`. */
export const updateSandbox = z.strictObject({
  name: displayName.optional(),
  limits: limitsRequest.optional(),
  network: networkPolicy.optional(),
  ttlSeconds: z.int().min(10).max(31_536_000).nullable().optional(),
  idle: idlePolicy.nullable().optional().describe('null: never put to sleep'),
  restart: restartPolicy.optional(),
  metadata: metadata.optional(),
  volumes: volumeMounts
    .optional()
    .describe('all that it has from now on, in place of those it had; it must be stopped'),
  copyOf: publish,
})
export type UpdateSandbox = z.infer<typeof updateSandbox>

/** A sandbox as people see it. */
export const sandbox = z.object({
  id: sandboxId,
  name: z.string(),
  template: templateName,
  state: sandboxState,
  failure: z.string().nullable().describe('why, when the state is failed'),
  limits: storedLimits,
  network: networkPolicy,
  isolation,
  ttlSeconds: z.number().nullable(),
  metadata: z.record(z.string(), z.string()),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
  /** The student whose own it is; null for what everybody of the tenant sees who is no student. */
  ownerId: z.string().nullable().default(null),
  copyOf,
  startedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  idle: idlePolicy.nullable(),
  restart: restartPolicy.default('no'),
  asleep: z
    .enum(['paused', 'stopped'])
    .nullable()
    .describe('it was idle and put to sleep, and wakes when it is used'),
  snapshot: snapshotId.nullable().describe('it was made from, or brought back to last'),
  volumes: z.array(storedVolumeMount).default([]).describe('that are mounted in it'),
  assignment: assignmentId.nullable().default(null).describe('that a student began in it'),
  access: z
    .enum(['full', 'type', 'look'])
    .default('full')
    .describe('of the caller: `full` in their own tenant, otherwise as it is shared with them'),
})
export type Sandbox = z.infer<typeof sandbox>

/** `GET /api/v1/sandboxes/{id}`: with live usage while it runs. */
export const sandboxWithUsage = sandbox.extend({
  sleepsSoon: z
    .object({
      how: z.enum(['paused', 'stopped']),
      inSeconds: z.number().min(0).describe('some seconds more may pass: it is looked every ten seconds'),
    })
    .nullable()
    .default(null)
    .describe(
      'it is put to sleep unless something uses it; null until two minutes before, or half of the time of a shorter policy',
    ),
  service: serviceStatus.nullable().default(null).describe('null when it has none'),
  usage: usage.nullable(),
  incidents: z.array(incident).max(16).default([]).describe('what happened lately, the latest last'),
})
export type SandboxWithUsage = z.infer<typeof sandboxWithUsage>

/** Whom a program inside runs as. Root has rights in its sandbox only. */
export const insideUser = z.enum(['user', 'root'])

/** Body of an exec, at the API and at the runtime. A string is run by `/bin/sh -c`. */
export const execRequest = z.strictObject({
  command,
  cwd: workingDirectory.optional(),
  env: environment.optional(),
  stdin: z.string().max(8_388_608).optional(),
  encoding: contentEncoding
    .default('utf8')
    .describe('of stdin and of the output; bytes that are not UTF-8 pass as base64 only'),
  timeoutMs: z.int().min(1).max(3_600_000).default(60_000),
  user: insideUser.default('user'),
})
export type ExecRequest = z.infer<typeof execRequest>

/** What a sandbox's processes have between SIGTERM and SIGKILL when nobody says otherwise. */
export const defaultGraceMs = 5000

/** Body of `POST /sandboxes/{id}/stop`, at the API and at the runtime. */
export const stopSandbox = z.strictObject({
  graceSeconds: z
    .number()
    .min(0)
    .max(60)
    .default(defaultGraceMs / 1000)
    .describe('time between SIGTERM and SIGKILL; it ends sooner when every process has ended'),
})
export type StopSandbox = z.infer<typeof stopSandbox>

/** How a process ended. Exactly one of `exitCode` and `signal` is not null. */
export const exitStatus = z.object({
  exitCode: z.number().nullable(),
  signal: z.string().nullable().describe('such as SIGKILL'),
})
export type ExitStatus = z.infer<typeof exitStatus>

export const execResult = exitStatus.extend({
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean().describe('output was longer than 8 MiB and its rest was dropped'),
  timedOut: z.boolean(),
  durationMs: z.number(),
})
export type ExecResult = z.infer<typeof execResult>

export const terminalSize = z.object({
  cols: z.int().min(2).max(1000),
  rows: z.int().min(1).max(500),
})
export type TerminalSize = z.infer<typeof terminalSize>

/**
 * What fits at a viewer. With `claim` the terminal takes this size; without, only if its size is this viewer's already,
 * and otherwise when the viewer types, or when whoever has the size leaves.
 */
export const terminalResize = terminalSize.extend({ claim: z.boolean().default(true) })

/** Body of `POST /sandboxes/{id}/terminals`, at the API and at the runtime. */
export const openTerminal = z.strictObject({
  cols: terminalSize.shape.cols.default(80),
  rows: terminalSize.shape.rows.default(24),
  cwd: workingDirectory.optional(),
  env: environment.optional(),
  command: z.array(textWithoutNul(4096).min(1)).min(1).max(64).optional().describe('a login shell if absent'),
  user: insideUser.default('user').describe('root: for hardened sandboxes, where sudo does not work'),
})
export type OpenTerminal = z.infer<typeof openTerminal>

export const terminal = z.object({
  id: terminalId,
  sandboxId,
  cols: z.number(),
  rows: z.number(),
  title: z.string().describe('what the program inside last set, or the name of its command'),
  seq: z.number().describe('bytes of output so far'),
  createdAt: z.iso.datetime(),
  exit: exitStatus.nullable(),
  stoppedAt: z.iso
    .datetime()
    .nullable()
    .default(null)
    .describe(
      'when it ended with its sandbox, which was stopped: what it showed is kept until it is closed; null for all others',
    ),
})
export type Terminal = z.infer<typeof terminal>

/** The last frame of an exec. */
export const execExit = exitStatus.extend({ timedOut: z.boolean(), durationMs: z.number() })
export type ExecExit = z.infer<typeof execExit>

/** `GET /sandboxes/{id}/…` and the list carry live usage of what runs. */
export const sandboxList = listOf(sandboxWithUsage)

export const sandboxParams = z.object({ id: sandboxId })
