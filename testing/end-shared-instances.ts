import { existsSync, readdirSync } from 'node:fs'
import { removeInstance } from './instance.js'
import { sharedSuffix, testInstance } from './test-instance.js'

/** After all tests of a run, in the process that started the workers: ends the instance that each of them has shared. */
export async function teardown(): Promise<void> {
  const own = new RegExp(`^${testInstance}\\d*${sharedSuffix}$`)
  const names = existsSync('/run/cloche') ? readdirSync('/run/cloche') : []
  await Promise.all(names.filter((name) => own.test(name)).map(removeInstance))
}
