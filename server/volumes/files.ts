import { fileScheme } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Database } from '../database/client.js'
import { StoredFiles } from '../files/stored.js'
import type { VolumeService } from './service.js'

/** The files of volumes, of which no sandbox is needed. Paths begin at the volume's own directory. */
export const volumeFiles = (database: Database, volumes: VolumeService): StoredFiles =>
  new StoredFiles({
    base: 'volumes',
    authorize: (who, action, id) =>
      volumes.authorize(who, action === 'file.read' ? 'volume.read_files' : 'volume.write_files', id),
    path: absolute,
    audit: (who, action, id, { path, to, ...detail }) =>
      audit(database.prisma, who, 'volume.write', id, { ...detail, act: action, path: path ?? to ?? '/' }),
  })

/** A node takes what is not absolute from the home of a user. */
function absolute(path: string): string {
  if (path.startsWith('/') || path.startsWith(`${fileScheme}/`)) return path
  return path.startsWith(fileScheme) ? `${fileScheme}/${path.slice(fileScheme.length)}` : `/${path}`
}
