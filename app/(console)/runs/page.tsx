import { titled } from '../../messages/server'
import { Runs } from './runs'

export const generateMetadata = titled('runs')

/** `?from=` begins with the program of a run. */
export default async function RunsPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { from } = await searchParams
  return <Runs from={typeof from === 'string' ? from : null} />
}
