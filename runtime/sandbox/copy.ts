import { join } from 'node:path'
import { overwriteJson } from '../linux/overwrite.js'
import { type NodeContext, volumeOf } from './node.js'
import { asStored, readRecord, type SandboxRecord } from './record.js'

/**
 * Puts a copy of a claimed sandbox's record on its own disk, beside what the sandbox sees of it. It tells whose disk
 * that is when the record is lost, and that it is somebody's when the record is older than the disk.
 * A failure is logged: the disk may be full, and nothing depends on the copy while there is a record.
 */
export function saveCopy(node: NodeContext, sandbox: SandboxRecord): void {
  try {
    overwriteJson(join(volumeOf(node, sandbox), 'record.json'), asStored(sandbox))
  } catch (error) {
    node.log.warn(
      { err: error, id: sandbox.id },
      "the copy of a sandbox's record could not be written to its disk",
    )
  }
}

/** Whether the disk of a sandbox that its record calls nobody's has an owner all the same. */
export function hasOwner(node: NodeContext, sandbox: SandboxRecord): boolean {
  try {
    return readRecord(volumeOf(node, sandbox)).sandboxId !== null
  } catch {
    return false // nobody has claimed it
  }
}
