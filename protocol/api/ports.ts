import { z } from 'zod'
import { sandboxId } from './ids.js'

/** A TCP port of a sandbox. */
export const portNumber = z.int().min(1).max(65_535)

/** What accepts connections inside a sandbox. */
export const listeningPort = z.object({
  port: portNumber,
  address: z
    .string()
    .describe('that it is bound to; one that is bound to `127.0.0.1` can be reached as well'),
  process: z.string().nullable().describe('name of the program; null when it is not known'),
})
export type ListeningPort = z.infer<typeof listeningPort>

/** Who may open a port in a browser. */
export const portVisibility = z.enum(['private', 'tenant', 'public'])
export type PortVisibility = z.infer<typeof portVisibility>

/** Who may open a port, and where. */
export const portShare = z.object({
  port: portNumber,
  url: z
    .string()
    .nullable()
    .describe('its own origin; null when this installation has no domain for previews'),
  visibility: portVisibility.describe(
    '`private`: whoever may work in the sandbox; `tenant`: every member of the tenant; `public`: anybody',
  ),
  expiresAt: z.iso.datetime().nullable().describe('of `public`: private again after this'),
})
export type PortShare = z.infer<typeof portShare>

/** A port at which a program listens, or that is shared. */
export const port = portShare.extend({
  address: listeningPort.shape.address
    .nullable()
    .describe('that a program is bound to, such as `127.0.0.1`; null when nothing listens there now'),
  process: listeningPort.shape.process,
})
export type Port = z.infer<typeof port>

/** Body of `PUT /sandboxes/{id}/ports/{port}`. */
export const sharePort = z.strictObject({
  visibility: portVisibility,
  expiresAt: z.iso
    .datetime({ offset: true })
    .max(40)
    .optional()
    .describe('of `public`: private again after this'),
})
export type SharePort = z.infer<typeof sharePort>

export const portParams = z.object({ id: sandboxId, port: z.coerce.number().pipe(portNumber) })
