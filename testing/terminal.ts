import { spawn } from 'node-pty'

/** A program on a pseudo-terminal of this machine, as a person's terminal would start it. */
export interface TerminalProgram {
  /** All that it has shown so far. */
  readonly shown: string
  /** Resolves with its exit code. */
  readonly exit: Promise<number>
  type(text: string): void
  resize(cols: number, rows: number): void
  kill(signal: NodeJS.Signals): void
}

/** Starts a program on a terminal of 80 columns by 24 lines. */
export function startInTerminal(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): TerminalProgram {
  const terminal = spawn(program, [...args], { env, cols: 80, rows: 24, name: env.TERM ?? 'xterm-256color' })
  let shown = ''
  terminal.onData((text) => {
    shown += text
  })
  return {
    get shown() {
      return shown
    },
    exit: new Promise((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode))),
    type: (text) => terminal.write(text),
    resize: (cols, rows) => terminal.resize(cols, rows),
    kill: (signal) => terminal.kill(signal),
  }
}
