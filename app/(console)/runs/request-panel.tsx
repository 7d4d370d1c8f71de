import { useTranslations } from 'use-intl'
import { Panel } from '../../components/ui/panel'
import { oneLine } from '../../lib/format'
import type { CreateRun, Output } from '../../lib/protocol-runs'
import { CodeEditor } from './code-editor'
import { OutputView } from './output-view'
import { bytesOf, textOf } from './text'

/** What was asked for: the program and its input, or the commands. */
export function RequestPanel({ request }: { request: CreateRun }) {
  const t = useTranslations()
  const { language, files, command, steps, stdin, stdinEncoding } = request
  const commands = command === undefined ? (steps ?? []).map((step) => step.command) : [command]
  return (
    <Panel title={t('runs.program')} className="mt-5">
      {commands.length > 0 && (
        <ol aria-label={t('runs.commands')} className="grid gap-1 border-line border-b p-4 font-mono text-xs">
          {commands.map((words, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same, and they never move
            <li key={at} className="whitespace-pre-wrap break-words">
              {typeof words === 'string' ? words : JSON.stringify(words)}
            </li>
          ))}
        </ol>
      )}
      {files.map(({ path, content, encoding }, at) => {
        const text = textOf(content, encoding)
        const name = oneLine(path, 200)
        return (
          <section
            key={path}
            aria-label={t('runs.fileName', { name })}
            className="border-line border-b last:border-b-0"
          >
            <h3 className="px-4 pt-2 font-mono text-muted text-xs">{name}</h3>
            {text === null ? (
              <div className="p-4">
                <OutputView label={name} output={asOutput(content, 'base64')} />
              </div>
            ) : (
              <div className="max-h-96 overflow-auto">
                <CodeEditor
                  label={name}
                  language={at === 0 ? (language?.split('@')[0] ?? '') : ''}
                  value={text}
                />
              </div>
            )}
          </section>
        )
      })}
      {stdin !== undefined && stdin !== '' && (
        <div className="p-4">
          <OutputView label={t('runs.input')} output={inputOf(stdin, stdinEncoding)} />
        </div>
      )}
    </Panel>
  )
}

function inputOf(stdin: string, encoding: Output['encoding']): Output {
  const text = textOf(stdin, encoding)
  return text === null ? asOutput(stdin, 'base64') : asOutput(text, 'utf8')
}

function asOutput(content: string, encoding: Output['encoding']): Output {
  const bytes = encoding === 'utf8' ? new TextEncoder().encode(content).length : bytesOf(content).length
  return { content, encoding, bytes, truncated: false }
}
