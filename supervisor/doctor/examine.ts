import type { Settings } from '../settings.js'
import { checkCgroups } from './cgroup.js'
import type { Finding } from './finding.js'
import {
  checkBaseTemplate,
  checkBuild,
  checkDatabase,
  checkHostKey,
  checkNode,
  checkReadable,
} from './installation.js'
import { checkKernel } from './kernel.js'
import {
  checkDiskSpace,
  checkForwarding,
  checkMemory,
  checkNetns,
  checkPlatform,
  checkPort,
  checkResolvers,
  checkUser,
} from './machine.js'
import { checkPrograms } from './programs.js'

/** Every check, in the order of need: what others are tried with comes first, and stops them when it is missing. */
export async function examine(settings: Settings): Promise<Finding[]> {
  const ground = [
    ...checkPlatform(),
    checkNode(),
    ...checkPrograms(),
    checkUser(settings),
    checkDiskSpace(settings),
  ]
  if (ground.some((one) => one.state === 'missing')) return ground
  const tried = await Promise.all([
    checkKernel(settings),
    checkCgroups(settings),
    checkNetns(settings),
    checkForwarding(),
    checkResolvers(settings),
    checkMemory(),
    checkPort(settings),
    checkBuild(settings),
    checkReadable(settings),
    checkDatabase(settings),
    checkBaseTemplate(settings),
    checkHostKey(settings),
  ])
  return [...ground, ...tried.flat()]
}
