import { z } from 'zod'
import { listeningPort } from '../api/index.js'

/** The protocol of a connection to a port of a sandbox: the bytes of that port, both ways. */
export const portLine = 'cloche-port'

/** Connections to the ports of one sandbox at once. */
export const maxPortLines = 256

/** What listens in a sandbox. */
export const listeningPorts = z.object({ ports: z.array(listeningPort) })
