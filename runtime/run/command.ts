import type { RuntimeRun } from '../../protocol/node/index.js'

/** A command with more arguments at its end; a command line gets them as `$1` and so on. */
export function argumentsOf(
  command: RuntimeRun['steps'][number]['command'],
  more: readonly string[],
): string[] {
  if (typeof command !== 'string') return [...command, ...more]
  return ['/bin/sh', '-c', command, 'sh', ...more]
}
