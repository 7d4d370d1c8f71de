import { type Logger, pino } from 'pino'

/** The server's log, as JSON lines. What people send may hold secrets: only paths are told, no query, header or body. */
export function createLog(level: string): Logger {
  return pino({
    name: 'server',
    level,
    serializers: {
      req: (request: { method: string; url: string }) => ({
        method: request.method,
        path: request.url.split('?')[0],
      }),
    },
  })
}
