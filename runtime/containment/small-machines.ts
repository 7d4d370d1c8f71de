import type { Case } from './arena.js'
import { commands, creation, storm } from './storms.js'

const machine = { template: 'system' }

/** A small machine manages cgroups of its own, by locks that are the host's. */
export const smallMachines: readonly Case[] = [
  storm('processes that move between its cgroups', 'cgroup_moves', 'shared by weight', commands, machine),
  storm('the same, while others are created', 'cgroup_moves', 'others are created', creation, machine),
  storm('cgroups made and removed', 'cgroup_changes', 'shared by weight', creation, machine),
  storm('cgroups frozen and thawed', 'cgroup_freezes', 'shared by weight', commands, machine),
  storm('watches of pressure', 'cgroup_pressure', 'shared by weight', commands, machine),
  storm('as many cgroups as can be', 'cgroup_count', 'bounded to 1,024', creation, machine),
]
