import type { capabilities } from '../container/spec.js'

// include/uapi/linux/capability.h
const numbers: Readonly<Record<(typeof capabilities)[number], number>> = {
  ...{ CAP_CHOWN: 0, CAP_DAC_OVERRIDE: 1, CAP_FOWNER: 3, CAP_FSETID: 4, CAP_KILL: 5, CAP_SETGID: 6 },
  ...{ CAP_SETUID: 7, CAP_SETPCAP: 8, CAP_NET_BIND_SERVICE: 10, CAP_SYS_CHROOT: 18, CAP_SETFCAP: 31 },
}
const allowed = Object.values(numbers).reduce((mask, number) => mask | (1 << number), 0) >>> 0
const [revisionMask, revision2, revision3] = [0xff00_0000, 0x0200_0000, 0x0300_0000]
const [bytes2, bytes3] = [20, 24]

/**
 * File capabilities as a sandbox allows them: of others the kernel refuses to start the program, so they are left out.
 * @param value of the attribute `security.capability`
 * @returns undefined when none is left, or it is of a form that says nothing here
 * @see capabilities(7), File capabilities
 */
export function allowedCapabilities(value: Buffer): Buffer | undefined {
  if (value.length < bytes2) return undefined
  const magic = value.readUInt32LE(0)
  const revision = (magic & revisionMask) >>> 0
  const ofRoot = revision === revision3 && value.length === bytes3 && value.readUInt32LE(bytes2) === 0
  if (!(revision === revision2 && value.length === bytes2) && !ofRoot) return undefined
  const [permitted, inheritable] = [value.readUInt32LE(4) & allowed, value.readUInt32LE(8) & allowed]
  if (permitted === 0 && inheritable === 0) return undefined
  const kept = Buffer.alloc(bytes2)
  kept.writeUInt32LE((revision2 | (magic & 1)) >>> 0, 0)
  kept.writeUInt32LE(permitted >>> 0, 4)
  kept.writeUInt32LE(inheritable >>> 0, 8)
  return kept
}
