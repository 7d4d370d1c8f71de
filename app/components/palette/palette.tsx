'use client'

import { Command as List } from 'cmdk'
import fuzzysort from 'fuzzysort'
import { Dialog as Radix } from 'radix-ui'
import { useContext, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Run } from '../../inside/run'
import type { LanguageHelp } from '../../language-help/language-help'
import type { DocumentSymbol } from '../../language-help/messages'
import { oneLine } from '../../lib/format'
import { useExplain } from '../../lib/use-explain'
import { CommandsContext } from '../../palette/commands'
import { fileNames, parseWanted } from '../../palette/file-names'
import { useStore } from '../../terminal/use-store'
import { useFocusHome } from '../ui/focus-home'

const shownMax = 50
/** What is typed before the name of a command, as in other editors. */
const commandMark = '>'

/** Before the name of something that the file defines. */
const symbolMark = '@'

/** What the palette begins with: names of files, of commands, or of what the open file defines. */
export type PaletteMode = 'files' | 'commands' | 'symbols'

export interface PaletteProps {
  /** null while it is closed. */
  readonly mode: PaletteMode | null
  readonly onClose: () => void
  readonly run: Run
  readonly root: string
  readonly help: LanguageHelp
  /** Files that are open, which come first. */
  readonly open: readonly string[]
  /** @param path from `root` */
  readonly onOpen: (path: string, line: number | null) => void
}

/** Opens a file or does something by a few letters of its name. */
export default function Palette(props: PaletteProps) {
  const { mode, onClose } = props
  const t = useTranslations()
  const home = useFocusHome()
  const chosen = useRef<(() => void) | null>(null)
  const isOpen = useRef(false)
  useEffect(() => {
    isOpen.current = mode !== null
  }, [mode])
  /** What was chosen comes after the focus is back where it was: it may take it. */
  const closed = (event: Event) => {
    // Told a moment later: a palette that has been opened again since then has the focus, and keeps it.
    if (isOpen.current || home.focus()) event.preventDefault()
    const act = chosen.current
    chosen.current = null
    act?.()
  }
  const choose = (act: () => void) => {
    chosen.current = act
    onClose()
  }
  return (
    <Radix.Root open={mode !== null} onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={closed}
          className="fixed inset-x-2 top-[6vh] z-50 mx-auto max-w-xl animate-pop overflow-hidden rounded-xl bg-raised shadow-pop outline-none"
        >
          <Radix.Title className="sr-only">{t('palette.title')}</Radix.Title>
          {mode !== null && <Choices key={mode} {...props} mode={mode} onChoose={choose} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

interface Choice {
  readonly key: string
  readonly text: string
  readonly detail: string
  readonly choose: () => void
}

function Choices({
  mode,
  run,
  root,
  help,
  open,
  onOpen,
  onChoose,
}: PaletteProps & { mode: PaletteMode; onChoose: (act: () => void) => void }) {
  const t = useTranslations()
  const [text, setText] = useState({ commands: commandMark, symbols: symbolMark, files: '' }[mode])
  const [names, error] = useNames(run, root)
  const commands = useStore(useContext(CommandsContext).all)
  const byCommand = text.startsWith(commandMark)
  const bySymbol = text.startsWith(symbolMark)
  const [symbols, symbolError] = useSymbols(help, bySymbol)
  const { name, line } = parseWanted(text)
  const wanted = text.slice(commandMark.length).trim()
  const choices: readonly Choice[] = bySymbol
    ? symbolChoices(wanted, symbols ?? [], help, onChoose)
    : byCommand
      ? best(wanted, commands, (command) => command.name, commands).map((command) => ({
          ...{ key: command.name, text: command.name, detail: command.keys ?? '' },
          choose: () => onChoose(command.run),
        }))
      : best(
          name,
          (names ?? open).map((path) => ({ path })),
          ({ path }) => path,
          open.map((path) => ({ path })),
        ).map(({ path }) => ({
          ...{ key: path, text: path.slice(path.lastIndexOf('/') + 1) },
          detail: path.slice(0, Math.max(0, path.lastIndexOf('/'))),
          choose: () => onChoose(() => onOpen(path, line)),
        }))
  // Whoever types quickly has pressed Enter before the names are there.
  const [entered, setEntered] = useState(false)
  const loading = bySymbol ? symbols === null : !byCommand && names === null
  const first = choices[0]
  useEffect(() => {
    if (!entered || loading) return
    setEntered(false)
    first?.choose()
  }, [entered, loading, first])
  return (
    <List
      shouldFilter={false}
      loop
      label={t('palette.title')}
      className="flex max-h-[70vh] flex-col"
      onKeyDown={({ key }) => key === 'Enter' && loading && first === undefined && setEntered(true)}
    >
      <List.Input
        autoFocus
        value={text}
        onValueChange={(typed) => {
          setText(typed)
          setEntered(false)
        }}
        placeholder={t('palette.placeholder')}
        className="h-11 w-full shrink-0 border-line border-b bg-transparent px-4 outline-none placeholder:text-muted"
      />
      <List.List className="min-h-0 overflow-y-auto p-1">
        <List.Empty className="px-3 py-4 text-muted">
          {bySymbol
            ? (symbolError ?? t(symbols === null ? 'palette.loadingSymbols' : 'palette.noSymbol'))
            : (error ??
              (!byCommand && names === null
                ? t('palette.loading')
                : byCommand
                  ? t('palette.noCommand')
                  : t('palette.noFile')))}
        </List.Empty>
        {choices.map(({ key, text: shown, detail, choose }) => (
          <List.Item
            key={key}
            value={key}
            onSelect={choose}
            className="flex cursor-pointer items-baseline gap-3 rounded px-3 py-1.5 data-[selected=true]:bg-hover pointer-coarse:py-2.5"
          >
            <span className="shrink-0 truncate">{oneLine(shown, 120)}</span>
            <span
              className={
                byCommand ? 'ml-auto shrink-0 text-muted text-xs' : 'min-w-0 truncate text-muted text-xs'
              }
            >
              {oneLine(detail, 200)}
            </span>
          </List.Item>
        ))}
      </List.List>
    </List>
  )
}

/** By the places where they are; each is unlike the others by its line. */
function symbolChoices(
  wanted: string,
  symbols: readonly DocumentSymbol[],
  help: LanguageHelp,
  onChoose: (act: () => void) => void,
): readonly Choice[] {
  return best(wanted, symbols, ({ name }) => name, symbols).map(({ name, within, range: { start } }) => ({
    ...{ key: `${name} ${start.line}:${start.character}`, text: name, detail: within },
    choose: () =>
      onChoose(() => {
        const { active } = help.open.state.get()
        if (active) help.show(active.path, { line: start.line + 1, column: start.character + 1 })
      }),
  }))
}

/** What the open file defines, asked for when it is first wanted. */
function useSymbols(
  help: LanguageHelp,
  wanted: boolean,
): readonly [readonly DocumentSymbol[] | null, string | null] {
  const explain = useExplain()
  const [symbols, setSymbols] = useState<readonly DocumentSymbol[] | null>(null)
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    if (!wanted) return
    let stale = false
    const { active } = help.open.state.get()
    import('../../language-help/symbols')
      .then(({ symbolsOf }) => symbolsOf(help, active))
      .then((read) => stale || setSymbols(read))
      .catch((failure: unknown) => stale || setError(failure))
    return () => {
      stale = true
    }
  }, [help, wanted])
  return [symbols, error === null ? null : explain(error)]
}

/** The best first; without a word `first`. */
function best<T>(
  word: string,
  of: readonly T[],
  name: (one: T) => string,
  first: readonly T[],
): readonly T[] {
  if (word === '') return first.slice(0, shownMax)
  return fuzzysort.go(word, of, { key: name, limit: shownMax, threshold: 0.2 }).map(({ obj }) => obj)
}

/** Names of files, read when the palette opens. */
function useNames(run: Run, root: string): readonly [readonly string[] | null, string | null] {
  const t = useTranslations()
  const [names, setNames] = useState<readonly string[] | null>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let stale = false
    fileNames(run, root)
      .then((read) => stale || setNames(read))
      .catch(() => stale || setFailed(true))
    return () => {
      stale = true
    }
  }, [run, root])
  return [names, failed ? t('palette.failed') : null]
}
