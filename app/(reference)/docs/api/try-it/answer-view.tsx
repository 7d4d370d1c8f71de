'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { CopyButton } from '../../../../components/ui/copy'
import { Notice } from '../../../../components/ui/notice'
import { Scroll } from '../../../../components/ui/scroll'
import { cn } from '../../../../lib/cn'
import { bytes } from '../../../../lib/format'
import { type Answer, readBytesMax } from './exchange'

/** An answer: its status, time and size, its headers, and its body as text or as a file to be saved. */
export function AnswerView({ answer, name }: { answer: Answer; name: string }) {
  const t = useTranslations()
  const { status, headers, firstMs, totalMs, end, text } = answer
  const good = status < 400
  return (
    <section aria-label={t('reference.tryIt.answer')} className="grid gap-2">
      <p role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className={cn('rounded px-1.5 font-medium font-mono', good ? 'bg-accent-soft' : 'bg-bad-soft')}>
          {status}
        </span>
        <span className="text-muted text-xs">
          {t('reference.tryIt.measured', {
            ...{ first: firstMs.toFixed(0), total: totalMs.toFixed(0), size: bytes(answer.bytes) },
          })}
        </span>
        {end === 'reading' && <span className="text-muted text-xs">{t('reference.tryIt.reading')}</span>}
      </p>
      {end === 'cut' && (
        <Notice tone="warn">{t('reference.tryIt.cut', { size: bytes(readBytesMax) })}</Notice>
      )}
      {end === 'stopped' && <Notice tone="info">{t('reference.tryIt.stopped')}</Notice>}
      {end === 'broken' && <Notice tone="bad">{t('reference.tryIt.broken')}</Notice>}
      <details>
        <summary className="cursor-pointer py-1 text-muted text-xs">
          {t('reference.tryIt.headers', { count: headers.length })}
        </summary>
        <dl className="mt-1 grid gap-0.5 font-mono text-xs">
          {headers.map(([header, value]) => (
            <div key={header} className="[overflow-wrap:anywhere]">
              <dt className="inline text-muted">{header}: </dt>
              <dd className="inline">{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      {text === null ? (
        <p>{t('reference.tryIt.binary', { type: answer.type })}</p>
      ) : (
        text !== '' && (
          <Scroll label={t('reference.tryIt.answerBody')} className="max-h-96">
            <pre className="whitespace-pre-wrap p-3 text-xs [overflow-wrap:anywhere]">{text}</pre>
          </Scroll>
        )
      )}
      {answer.bytes > 0 && end !== 'reading' && (
        <div className="flex flex-wrap gap-2">
          {text !== null && <CopyButton text={text} what={t('reference.tryIt.theAnswer')} />}
          {end === 'whole' && <Save content={answer.content} name={name} />}
        </div>
      )}
    </section>
  )
}

function Save({ content, name }: { content: Blob; name: string }) {
  const t = useTranslations()
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(content)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [content])
  return (
    <Button asChild>
      <a href={url} download={name}>
        {t('reference.tryIt.save')}
      </a>
    </Button>
  )
}
