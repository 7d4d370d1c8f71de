import { closeSync } from 'node:fs'
import { mountProc } from './libc.js'

/** The kernel keeps the same names of all namespaces in one chain, in each proc file system: it is kept short. */
const usesOfOne = 64
let root: number | undefined
let uses = 0

/**
 * The root of a proc file system that only this process sees, for settings of namespaces: in the host's /proc, with a
 * thousand sandboxes, each look at such a name takes a millisecond. To be used at once: another call may close it.
 */
export function privateProc(): number {
  if (root !== undefined && uses++ < usesOfOne) return root
  if (root !== undefined) closeSync(root)
  uses = 0
  root = mountProc()
  return root
}
