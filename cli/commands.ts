import type { Command } from './command.js'
import { doctor } from './doctor.js'
import { down } from './down.js'
import { password } from './password.js'
import { setup } from './setup.js'
import { templateBuild, templateList } from './template/commands.js'
import { up } from './up.js'

/** Every command, in the order of the overview. A new one is a file that exports a `Command`, and a line here. */
export const commands: readonly Command[] = [up, down, doctor, setup, password, templateBuild, templateList]
