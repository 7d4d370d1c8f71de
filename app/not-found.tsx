import { titled } from './messages/server'
import { Missing } from './missing'

export const generateMetadata = titled('notFound')

export default function NotFound() {
  return <Missing />
}
