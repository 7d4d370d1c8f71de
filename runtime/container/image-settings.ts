import { z } from 'zod'
import { healthcheck } from '../../protocol/api/index.js'

const user = z.object({
  name: z.string(),
  uid: z.number(),
  gid: z.number(),
  groups: z.array(z.number()),
  home: z.string(),
})
/** Whom the programs of an image run as. */
export type ImageUser = z.infer<typeof user>

/**
 * What an OCI image says of how its programs run, kept with each sandbox and snapshot that is made from it. It is written
 * down, so it only ever grows fields that may be absent.
 */
export const imageSettings = z.object({
  user,
  /** As its own /etc/passwd has it. */
  rootHome: z.string(),
  env: z.record(z.string(), z.string()),
  workingDirectory: z.string(),
  /** What its processes are sent to end. */
  stopSignal: z.string(),
})
export type ImageSettings = z.infer<typeof imageSettings>

/** What is told of an image, beside how its programs run. */
export const imageDescription = z.object({
  /** Of its manifest, or of its configuration where the archive has no manifest. */
  digest: z.string(),
  reference: z.string().nullable(),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  ports: z.array(z.string()),
  /** How it is found out whether it works; null when it says nothing, or something that nobody can run. */
  healthcheck: healthcheck.nullable().catch(null).default(null),
  /** Directories that its programs keep something in. */
  volumes: z.array(z.string()).default([]),
})
export type ImageDescription = z.infer<typeof imageDescription>
