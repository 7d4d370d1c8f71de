import type { OpenDocument } from '../editor/document'
import { TextError } from '../lib/text-error'
import type { LanguageHelp } from './language-help'
import { type DocumentSymbol, symbolsIn } from './messages'
import { assertCan, refusalOf } from './refusals'
import { uriOf } from './uri'

/** What a file defines. @throws TextError when nobody knows */
export async function symbolsOf(
  help: LanguageHelp,
  document: OpenDocument | null,
): Promise<readonly DocumentSymbol[]> {
  const of = help.of(document)
  if (!document || of.kind !== 'server') throw new TextError('language.noSymbols')
  assertCan(of.server, 'symbols')
  of.server.client.sync()
  const textDocument = { uri: uriOf(document.path) }
  try {
    return symbolsIn(await of.server.client.request('textDocument/documentSymbol', { textDocument }))
  } catch (error) {
    throw refusalOf(error)
  }
}
