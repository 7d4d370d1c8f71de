import { titled } from '../../messages/server'
import { Dashboard } from '../sandboxes/dashboard'

export const generateMetadata = titled('sandboxes')

/** The sandboxes with the form of a new one, which `?repository=` fills in. Nothing is created before somebody says so. */
export default async function NewPage({
  searchParams,
}: {
  searchParams: Promise<{ repository?: string | string[] }>
}) {
  const { repository } = await searchParams
  return (
    <Dashboard create={{ repository: typeof repository === 'string' ? repository.slice(0, 2048) : '' }} />
  )
}
