import type { Command } from '../../cli/command.js'
import { templateBuild, templateList } from '../template/commands.js'
import { doctor } from './doctor.js'
import { down } from './down.js'
import { nodeAdd, nodeCordon, nodeLs, nodeRm, nodeUncordon } from './node.js'
import { nodeCertificate } from './node-certificate.js'
import { password } from './password.js'
import { resetLink } from './reset-link.js'
import { setup } from './setup.js'
import { up } from './up.js'

/**
 * Commands that work on this machine's own instance, in the order of the overview. A new one is a file that exports
 * a `Command`, a line here, and its name in `commands.ts`.
 */
export const operatorCommands: readonly Command[] = [
  up,
  down,
  doctor,
  setup,
  password,
  resetLink,
  nodeLs,
  nodeAdd,
  nodeCordon,
  nodeUncordon,
  nodeRm,
  nodeCertificate,
  templateBuild,
  templateList,
]
