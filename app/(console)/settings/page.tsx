import { titled } from '../../messages/server'
import { SettingsPage } from './settings'

export const generateMetadata = titled('settings')

export default function Settings() {
  return <SettingsPage />
}
