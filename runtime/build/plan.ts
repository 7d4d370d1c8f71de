import type { Healthcheck } from '../../protocol/api/index.js'
import type { ImageUser } from '../container/image-settings.js'
import type { Heredoc } from './dockerfile.js'

/** Whom something belongs to or runs as: as it is written, or as the template below has it. */
export type StatedUser = { readonly stated: string } | { readonly known: ImageUser }

/** A secret that one step may read. */
export interface SecretMount {
  readonly id: string
  /** Below /run; null when it is a variable only. */
  readonly target: string | null
  readonly env: string | null
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

interface Common {
  readonly line: number
  /** As its log shows it. */
  readonly text: string
}

export interface RunStep extends Common {
  readonly kind: 'run'
  readonly args: readonly string[]
  /** A program that is put at `scriptPath` for it. */
  readonly script: string | null
  readonly env: Readonly<Record<string, string>>
  /** Of the environment, but nothing of the cache's key: who needs a proxy is no other build. */
  readonly proxies: Readonly<Record<string, string>>
  readonly user: StatedUser | null
  readonly cwd: string
  readonly secrets: readonly SecretMount[]
  readonly offline: boolean
}

/** Where files come from: the context, a stage before, or a template. */
export type CopySource =
  | { readonly kind: 'context' }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'template'; readonly name: string }

export interface CopyStep extends Common {
  readonly kind: 'copy'
  readonly from: CopySource
  readonly sources: readonly string[]
  readonly inline: readonly Pick<Heredoc, 'name' | 'content'>[]
  /** Absolute; ends with a slash when it has to be a directory. */
  readonly target: string
  readonly chown: string | null
  readonly chmod: number | null
  /** Archives of the context are unpacked. */
  readonly unpack: boolean
}

export interface WorkdirStep extends Common {
  readonly kind: 'workdir'
  readonly path: string
}

export type Step = RunStep | CopyStep | WorkdirStep

/** How the programs of what is built run, and what a stage that is built on it begins with. */
export interface BuiltConfig {
  readonly shell: readonly string[]
  readonly args: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** Null when neither the Dockerfile nor an image below says it. */
  readonly user: StatedUser | null
  /** Null when nothing says it. */
  readonly workingDirectory: string | null
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly string[]
  readonly stopSignal: string
  readonly healthcheck: Healthcheck | null
  readonly volumes: readonly string[]
  /** What it is built on, at last, came from a recipe of Cloche's: its sandboxes have a user of their own. */
  readonly recipe: boolean
}

export interface PlannedStage {
  readonly index: number
  readonly name: string
  readonly line: number
  readonly from:
    | { readonly kind: 'scratch' }
    | { readonly kind: 'template'; readonly name: string }
    | { readonly kind: 'stage'; readonly stage: number }
  readonly steps: readonly Step[]
  readonly config: BuiltConfig
}

/** What a Dockerfile asks for, with every variable in its place: stages that the target needs, in their order. */
export interface Plan {
  readonly stages: readonly PlannedStage[]
  readonly target: number
  readonly warnings: readonly string[]
}

/** Where a heredoc that names its own interpreter lies while its step runs. */
export const scriptPath = '/run/cloche-script'
