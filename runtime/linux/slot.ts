import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { idRangeSize } from './userns.js'

/** Instances that one host can hold side by side. */
const slots = 16
/** Sandboxes of one instance; `slots` times this many uid ranges fit above 2³¹, where nobody else lives. */
export const maxSandboxes = 2000
/** Ranges from one instance's first to the next one's; the few above `maxSandboxes` stay free. */
const rangesPerSlot = 2048
const firstUid = 2 ** 31

/**
 * The share of a host's uids, addresses and interface names that one instance owns, so that several live side
 * by side. Kept in `/run`, hence until the next boot, when everything it named is gone.
 */
export interface Slot {
  readonly number: number
  /** All of this instance's sandbox addresses. */
  readonly subnet: string
  /** All of this instance's interfaces begin with it. */
  readonly interfacePrefix: string
  uidBase(index: number): number
  address(index: number): string
  interfaceName(index: number): string
}

/** Takes the slot of `instance`, or a free one. */
export function takeSlot(instance: string, registry = '/run/cloche/slots'): Slot {
  mkdirSync(registry, { recursive: true })
  const numbers = Array.from({ length: slots }, (_, number) => number)
  const own = numbers.find((number) => ownerOf(join(registry, String(number))) === instance)
  const taken = own ?? numbers.find((number) => tryTake(join(registry, String(number)), instance))
  if (taken === undefined) {
    throw new Error(`all ${slots} instances of this host are taken; remove one from ${registry} that is gone`)
  }
  return slot(taken)
}

/** Gives the slot of an instance that ends back to the host. */
export function releaseSlot(slot: Slot, registry = '/run/cloche/slots'): void {
  rmSync(join(registry, String(slot.number)), { force: true })
}

function slot(number: number): Slot {
  const interfacePrefix = `cl${number}v`
  return {
    number,
    subnet: `10.${88 + number}.0.0/16`,
    interfacePrefix,
    uidBase: (index) => firstUid + (number * rangesPerSlot + index) * idRangeSize,
    address: (index) => `10.${88 + number}.${(index + 1) >> 8}.${(index + 1) & 255}`,
    interfaceName: (index) => `${interfacePrefix}${index}`,
  }
}

function ownerOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // nobody's
  }
}

function tryTake(file: string, instance: string): boolean {
  try {
    writeFileSync(file, instance, { flag: 'wx' })
    return true
  } catch {
    return false // another instance was faster
  }
}
