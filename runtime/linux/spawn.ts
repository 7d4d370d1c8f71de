import { type SpawnOptions, spawn } from 'node:child_process'

/** A program that ended with anything but 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  constructor(
    readonly command: string,
    readonly status: number | string,
    readonly stderr: string,
  ) {
    super(`${command} ended with ${status}: ${stderr.trim() || 'no message'}`)
  }
}

/** Enough for a message; a program that writes more is not explaining anything. */
const maxStderrBytes = 16 * 1024

/**
 * Runs a program to its end and returns what it printed.
 * @param stdio for programs whose children keep the standard streams: then nothing is captured there
 * @throws CommandError when it does not end with 0
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { input?: string; stdio?: SpawnOptions['stdio']; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: options.stdio ?? 'pipe', env: options.env ?? process.env })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < maxStderrBytes) stderr += text
  })
  // A program that ends before it has read its input is judged by its exit status, not by EPIPE.
  child.stdin?.on('error', () => {}).end(options.input ?? '')
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  if (status !== 0) throw new CommandError([command, ...args.slice(0, 3)].join(' '), status, stderr)
  return stdout
}
