import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { outcomeOf, startProgram } from './testing/instance.js'

const units = resolve('deploy/systemd')

/** What systemd says about the units, with this checkout in the place of the installation. */
async function verify(change: (text: string) => string) {
  const copy = mkdtempSync('/var/tmp/cloche-units-')
  try {
    const names = readdirSync(units).filter((name) => /\.(service|target)$/.test(name))
    for (const name of names) {
      const text = readFileSync(`${units}/${name}`, 'utf8').replaceAll('/opt/cloche', resolve('.'))
      writeFileSync(`${copy}/${name}`, change(text))
    }
    return await outcomeOf(
      startProgram('systemd-analyze', ['verify', '--man=no', ...names.map((name) => `${copy}/${name}`)]),
    )
  } finally {
    rmSync(copy, { recursive: true })
  }
}

describe('the units for systemd', () => {
  it('are in order', async () => {
    expect(await verify((text) => text)).toEqual({ code: 0, said: '' })
  })

  it('would be found out if they named a program that is not there', async () => {
    const { said } = await verify((text) => text.replaceAll('/bin/cloche', '/bin/clock'))
    expect(said).toContain('/bin/clock')
  })
})
