import type { Command } from '../../cli/command.js'
import { forgetViews } from '../confine.js'
import { examine } from '../doctor/examine.js'
import { render } from '../doctor/finding.js'
import { findSupervisor } from '../lock.js'
import { readSettings } from '../settings.js'

export const doctor: Command = {
  name: 'doctor',
  group: 'This machine (needs root)',
  summary: 'Check this machine and say how to fix what is missing',
  details: 'Prints one line for each check. Exits with 1 when something essential is missing.',
  async run() {
    const settings = readSettings(process.env)
    process.umask(0o022)
    const findings = await examine(settings)
    if (process.getuid?.() === 0 && findSupervisor(settings.run) === undefined) forgetViews(settings)
    for (const finding of findings) console.log(render(finding))
    return findings.some((one) => one.state === 'missing') ? 1 : 0
  },
}
