import type { Command } from './command.js'
import { examine } from './doctor/examine.js'
import { render } from './doctor/finding.js'
import { readSettings } from './settings.js'
import { forgetViews } from './up/confine.js'
import { findSupervisor } from './up/lock.js'

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
