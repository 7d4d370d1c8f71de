import type { Tool } from '../tool.js'
import { runCode } from './code.js'
import { runCommand } from './command.js'
import { editFile } from './edit.js'
import { listFiles, readFile, writeFile } from './files.js'
import { waitForPort } from './ports.js'
import { create, list, remove } from './sandboxes.js'
import { searchFiles } from './search.js'
import { fork, takeSnapshot } from './snapshots.js'

/** In the order in which a client lists them. */
export const tools: readonly Tool[] = [
  ...[create, list, remove, runCode, runCommand],
  ...[readFile, writeFile, editFile, listFiles, searchFiles],
  ...[waitForPort, takeSnapshot, fork],
]
