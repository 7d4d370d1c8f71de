import { titled } from '../../messages/server'
import { Volumes } from './volumes'

export const generateMetadata = titled('volumes')

export default function VolumesPage() {
  return <Volumes />
}
