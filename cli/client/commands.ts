import type { Command } from '../command.js'
import { assignmentCommands } from './assignment.js'
import { buildCommands } from './build.js'
import { classCommands } from './class.js'
import { completion } from './completion.js'
import { copy } from './copy.js'
import { courseCommands } from './course.js'
import { eventCommands } from './event.js'
import { exec } from './exec.js'
import { fileCommands } from './file.js'
import { imageCommands } from './image.js'
import { keyCommands } from './key.js'
import { lessonCommands } from './lesson.js'
import { login, logout } from './login.js'
import { mcp } from './mcp.js'
import { portCommands } from './port.js'
import { processCommands } from './process.js'
import { run } from './run.js'
import { runCommands } from './runs.js'
import { sandboxCommands } from './sandbox.js'
import { scheduleCommands } from './schedule.js'
import { shareCommands } from './share.js'
import { shell } from './shell.js'
import { snapshotCommands } from './snapshot.js'
import { sshCommands } from './ssh.js'
import { stackCommands } from './stack.js'
import { statisticsCommands } from './statistics.js'
import { studentDataCommands } from './student-data.js'
import { submissionCommands } from './submission.js'
import { templateCommands } from './template.js'
import { usage } from './usage.js'
import { volumeCommands } from './volume.js'
import { watch } from './watch.js'
import { webhookCommands } from './webhook.js'
import { whoami } from './whoami.js'

/** Commands that call a Cloche over the network, as anybody, in the order of the overview. */
export const clientCommands: readonly Command[] = [
  login,
  logout,
  whoami,
  ...keyCommands,
  usage,
  ...sandboxCommands,
  shell,
  ...sshCommands,
  exec,
  copy,
  watch,
  mcp,
  ...fileCommands,
  ...processCommands,
  ...portCommands,
  ...shareCommands,
  ...snapshotCommands,
  ...scheduleCommands,
  ...classCommands,
  ...studentDataCommands,
  ...courseCommands,
  ...assignmentCommands,
  ...statisticsCommands,
  ...lessonCommands,
  ...submissionCommands,
  ...volumeCommands,
  ...stackCommands,
  run,
  ...runCommands,
  ...eventCommands,
  ...webhookCommands,
  ...buildCommands,
  ...templateCommands,
  ...imageCommands,
  completion,
]
