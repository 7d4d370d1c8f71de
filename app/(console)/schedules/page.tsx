import { titled } from '../../messages/server'
import { Schedules } from './schedules'

export const generateMetadata = titled('schedules')

export default function SchedulesPage() {
  return <Schedules />
}
