import { titled } from '../../messages/server'
import { Dashboard } from '../sandboxes/dashboard'

export const generateMetadata = titled('sandboxes')

/** The sandboxes with the form of a new one, which `?repository=` and `?template=` fill in. Nothing is created before somebody says so. */
export default async function NewPage({
  searchParams,
}: {
  searchParams: Promise<{ repository?: string | string[]; template?: string | string[] }>
}) {
  const { repository, template } = await searchParams
  const create = {
    repository: typeof repository === 'string' ? repository.slice(0, 2048) : '',
    template: typeof template === 'string' ? template.slice(0, 64) : '',
  }
  return <Dashboard create={create} />
}
