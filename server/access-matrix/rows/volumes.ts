import { foreign, staffOwn, staffTheirs } from '../rules.js'
import { must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

const volume = ({ volumeId }: Victim): Call => ({ path: { id: volumeId } })
const volumeFile =
  (path: string) =>
  (victim: Victim): Call => ({ ...volume(victim), query: { path } })
const withVolume =
  (body: object) =>
  (victim: Victim): Call => ({ ...volume(victim), body })
const newVolume = async ({ callers }: World) => {
  const name = `volume ${Math.random()}`
  return String((await must(callers.owner, 'POST', '/api/v1/volumes', { name, sizeMiB: 16 })).id)
}

/** Volumes, their files and snapshots. */
export const volumeRows: Readonly<Record<string, Row>> = {
  createVolume: {
    rule: staffOwn,
    but: { strangerKey: 409, operatorKey: 409 },
    why: 'a name is free once in each tenant, and these come second',
    call: () => ({ body: { name: 'confidential', sizeMiB: 16 } }),
    fresh: () => ({ body: { name: `volume ${Math.random()}`, sizeMiB: 16 } }),
  },
  listVolumes: {
    rule: staffOwn,
    but: foreign(400),
    why: 'the cursor names what is not theirs',
    call: ({ volumeId }) => ({ query: { cursor: volumeId } }),
    fresh: () => ({}),
  },
  getVolume: { rule: staffTheirs, call: volume },
  changeVolume: { rule: staffTheirs, call: withVolume({ sizeMiB: 32 }) },
  deleteVolume: {
    rule: staffTheirs,
    call: volume,
    fresh: async (world) => ({ path: { id: await newVolume(world) } }),
  },
  createVolumeSnapshot: { rule: staffTheirs, call: withVolume({}) },
  listVolumeSnapshots: { rule: staffOwn, call: ({ volumeId }) => ({ query: { volume: volumeId } }) },
  deleteVolumeSnapshot: {
    rule: staffTheirs,
    call: ({ volumeSnapshotId }) => ({ path: { id: volumeSnapshotId } }),
    fresh: async ({ callers, victim: { volumeId } }) => {
      const taken = await must(callers.owner, 'POST', `/api/v1/volumes/${volumeId}/snapshots`, {})
      return { path: { id: String(taken.id) } }
    },
  },
  statVolumeFile: { rule: staffTheirs, call: volumeFile('/diary') },
  searchVolumeFiles: {
    rule: staffTheirs,
    call: (victim) => ({ ...volume(victim), query: { query: 'confidential', path: '/' } }),
  },
  listVolumeFiles: { rule: staffTheirs, call: volumeFile('/') },
  readVolumeFile: { rule: staffTheirs, call: volumeFile('/diary') },
  readVolumeArchive: { rule: staffTheirs, call: volumeFile('/') },
  writeVolumeFile: {
    rule: staffTheirs,
    call: (victim) => ({ ...volumeFile('/written')(victim), body: 'an intruder' }),
  },
  moveVolumeFile: {
    rule: staffTheirs,
    call: withVolume({ from: '/diary', to: '/diary-of-an-intruder' }),
    fresh: ({ victim }) => withVolume({ from: '/written', to: '/written', overwrite: true })(victim),
  },
  copyVolumeFile: {
    rule: staffTheirs,
    call: withVolume({ from: '/diary', to: '/diary-of-an-intruder', overwrite: true }),
  },
  changeVolumeFileMode: { rule: staffTheirs, call: withVolume({ path: '/written', mode: '600' }) },
  makeVolumeDirectory: { rule: staffTheirs, call: withVolume({ path: '/made/by/somebody' }) },
  deleteVolumeFile: {
    rule: staffTheirs,
    call: volumeFile('/diary'),
    fresh: async ({ callers, victim }) => {
      await must(callers.owner, 'PUT', `/api/v1/volumes/${victim.volumeId}/files?path=/old`, 'x')
      return volumeFile('/old')(victim)
    },
  },
  // The end of an archive is two empty blocks.
  writeVolumeArchive: {
    rule: staffTheirs,
    call: (victim) => ({ ...volumeFile('/unpacked')(victim), body: '\0'.repeat(1024) }),
  },
}
