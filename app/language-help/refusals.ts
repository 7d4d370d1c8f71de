import { TextError } from '../lib/text-error'
import type { Server } from './server'

/** What a server must say that it can. */
const capabilities = {
  definition: 'definitionProvider',
  references: 'referencesProvider',
  rename: 'renameProvider',
  format: 'documentFormattingProvider',
  fix: 'codeActionProvider',
  symbols: 'documentSymbolProvider',
} as const

/** @throws TextError when a server does not run, or does not know how */
export function assertCan({ about, client, running }: Server, what: keyof typeof capabilities): void {
  if (!running) throw new TextError('language.notRunning', { name: about.id })
  if (!client.serverCapabilities?.[capabilities[what]]) {
    throw new TextError('language.cannot', { name: about.id })
  }
}

/** A server refuses in its own words, as an object that is no Error. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof Error || typeof error !== 'object' || error === null) return error
  const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
  return new TextError('language.refused', { message: message.slice(0, 500) })
}
