import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Next.js in its development mode: a saved page is in the browser at once, and keeps its state. */
export function startPages(directory: string, port: number): AsyncDisposable {
  const program = join(directory, 'node_modules/next/dist/bin/next')
  const child = spawn(process.execPath, [program, 'dev', '--hostname', '127.0.0.1', '--port', String(port)], {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' },
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
