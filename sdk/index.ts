export type { Builds, StartBuild } from './builds.js'
export { InvalidCallback, readCallback } from './callback.js'
export { Cloche, type ClocheOptions } from './cloche.js'
export * from './errors.js'
export type { ExecEvent, ExecOptions } from './exec.js'
export type { Files, SearchOptions } from './files.js'
export type { Content } from './http.js'
export type {
  LanguageServerConnection,
  LanguageServers,
  LspMessage,
  WantedLanguageServer,
} from './language-servers.js'
export type { Ports } from './ports.js'
export type { Process, ProcessEvent } from './process.js'
export type { Processes } from './processes.js'
export type { Run } from './run.js'
export type { Runs } from './runs.js'
export type { Sandbox } from './sandbox.js'
export type { Sandboxes } from './sandboxes.js'
export type { Schedules } from './schedules.js'
export type { Shares } from './shares.js'
export type { Snapshots } from './snapshots.js'
export type { StackLogEvent, Stacks } from './stacks.js'
export type { ByteRange, StoredFiles, TransferOptions } from './stored-files.js'
export type { Terminal, TerminalEvent } from './terminal.js'
export type { Terminals } from './terminals.js'
export type * from './types.js'
export type { Volumes } from './volumes.js'
