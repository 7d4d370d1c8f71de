import { clientCommands } from './client/commands.js'
import type { Command } from './command.js'

/**
 * Names of the commands in `operator.ts`. These load the runtime's modules and take three times as long to start,
 * so they are loaded only when one of them is called.
 */
const operatorNames = [
  'up',
  'down',
  'doctor',
  'setup',
  'password',
  'reset-link',
  'node ls',
  'node add',
  'node cordon',
  'node uncordon',
  'node rm',
  'node certificate',
  'template build',
  'template recipes',
]

const operatorCommands = async () => (await import('../supervisor/commands/index.js')).operatorCommands

/** Names of all commands, without loading them. */
export const names = (): readonly string[] => [...operatorNames, ...clientCommands.map(({ name }) => name)]

/** Every command, in the order of the overview. */
export async function allCommands(): Promise<readonly Command[]> {
  return [...(await operatorCommands()), ...clientCommands]
}

/** Words of the longest name. */
const nameWords = 3

/** The command that these words begin with; of several the one with the longest name. */
export async function findCommand(words: readonly string[]): Promise<Command | undefined> {
  const [one = ''] = words
  const spelled = Array.from({ length: nameWords }, (_, at) => words.slice(0, nameWords - at).join(' '))
  const among = (commands: readonly Command[]) =>
    spelled.map((name) => commands.find((command) => command.name === name)).find(Boolean)
  const isOperators = operatorNames.some((name) => name.split(' ')[0] === one)
  return among(clientCommands) ?? (isOperators ? among(await operatorCommands()) : undefined)
}
