import type { GetPromptResult, ListPromptsResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { sandboxId } from '../../protocol/api/index.js'
import { invalidParams } from './messages.js'

interface Prompt {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly argumentsOf: z.ZodObject
  get(args: unknown): string
}

function prompt<S extends z.ZodObject>(
  described: Pick<Prompt, 'name' | 'title' | 'description'>,
  argumentsOf: S,
  text: (args: z.output<S>) => string,
): Prompt {
  return {
    ...{ ...described, argumentsOf },
    get(args) {
      const parsed = argumentsOf.safeParse(args ?? {})
      if (!parsed.success) {
        throw invalidParams(`the arguments of ${described.name} are wrong:\n${z.prettifyError(parsed.error)}`)
      }
      return text(parsed.data)
    },
  }
}

const line = z.string().min(1).max(2000)
const program = z.string().min(1).max(200_000)

const prompts: readonly Prompt[] = [
  prompt(
    {
      name: 'explain_failure',
      title: 'Run a program and explain its failure',
      description: 'Runs a program, and explains why it fails and how to mend it.',
    },
    z.strictObject({
      language: line.describe('such as python or cpp'),
      code: program.describe('the whole program'),
      stdin: program.optional().describe('what it reads'),
    }),
    ({ language, code, stdin }) =>
      [
        `Run this ${language} program with the tool run_code and explain what goes wrong.`,
        'Say first what happens (status, exit code, the message that matters), then the cause with the line of the program, then the smallest change that mends it.',
        'Run the mended program as well, and show that it works. If nothing goes wrong, say so.',
        ['The program:', code].join('\n\n'),
        ...(stdin === undefined ? [] : [['Its input:', stdin].join('\n\n')]),
      ].join('\n\n'),
  ),
  prompt(
    {
      name: 'set_up_project',
      title: 'Set up a project from a repository',
      description: 'Clones a repository into a new sandbox, installs what it needs, and runs its tests.',
    },
    z.strictObject({
      repository: line.describe('the address for git clone'),
      goal: line.optional().describe('what is wanted of it, such as a running web page'),
    }),
    ({ repository, goal }) =>
      [
        `Set up the project ${repository} in a new sandbox of Cloche.`,
        '1. create_sandbox with network internet.',
        '2. Clone it with run_command, and read its README and its files of dependencies.',
        '3. Install what it needs. Take a snapshot when that has worked.',
        '4. Run its tests, and explain what fails.',
        `5. ${goal === undefined ? 'If it is a server, start it in the background and use wait_for_port.' : `Then: ${goal}`}`,
        'At the end, tell the id of the sandbox, how to start the project, and what does not work.',
      ].join('\n'),
  ),
  prompt(
    {
      name: 'try_in_a_copy',
      title: 'Try a change in a copy',
      description: 'Forks a sandbox, tries a change there, and tells what came of it.',
    },
    z.strictObject({
      sandbox: sandboxId.describe('id of the sandbox, which is not changed'),
      change: line.describe('what to try'),
    }),
    ({ sandbox, change }) =>
      [
        `Try this in a copy of the sandbox ${sandbox}, which itself must stay as it is: ${change}`,
        'Make the copy with fork_sandbox, do the change there, and check whether it works.',
        'Then tell what you changed as a list of files, whether it works, and the id of the copy. Delete the copy only when it is of no use.',
      ].join('\n'),
  ),
]

const required = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ description: z.string().optional() })),
  required: z.array(z.string()).default([]),
})

export const promptList: ListPromptsResult = {
  prompts: prompts.map(({ name, title, description, argumentsOf }) => {
    const schema = required.parse(z.toJSONSchema(argumentsOf, { io: 'input' }))
    return {
      ...{ name, title, description },
      arguments: Object.entries(schema.properties).map(([argument, told]) => ({
        ...{ name: argument, required: schema.required.includes(argument) },
        ...(told.description === undefined ? {} : { description: told.description }),
      })),
    }
  }),
}

/** @throws ProtocolError */
export function getPrompt(name: string, args: unknown): GetPromptResult {
  const found = prompts.find((one) => one.name === name)
  if (found === undefined) {
    throw invalidParams(`there is no prompt ${name}; there are ${prompts.map((one) => one.name).join(', ')}`)
  }
  return {
    description: found.description,
    messages: [{ role: 'user', content: { type: 'text', text: found.get(args) } }],
  }
}
