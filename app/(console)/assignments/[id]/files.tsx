'use client'

import { Download, FilePlus2, Files, Upload as UploadIcon } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { Panel, Table } from '../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import type { Upload } from '../../../files/uploads'
import { bytes, oneLine } from '../../../lib/format'
import { type AssignmentFileKind, assignmentFiles } from '../../../lib/protocol-assignments'
import { useResource } from '../../../lib/resource'
import { TextError } from '../../../lib/text-error'
import type { PartProps } from './change'
import { deleteFile, editableBytes, filesOf, isScript, readText, writeFile } from './file-calls'
import { FileDialog, type Opened } from './file-dialog'
import { FileDrop } from './file-drop'
import { FileRow } from './file-row'

/** Starter files, or hidden ones: listed, put there by button and by dropping, and small texts edited. */
export function FilesPart({ of, teaches, onChange, kind }: PartProps & { kind: AssignmentFileKind }) {
  const t = useTranslations()
  const toast = useToast()
  const path = filesOf(of.id, kind)
  const { data, error, mutate } = useResource(path, assignmentFiles)
  const [question, setQuestion] = useState<Question | null>(null)
  const [opened, setOpened] = useState<Opened | null>(null)
  const [sending, setSending] = useState<{ done: number; all: number } | null>(null)
  const input = useRef<HTMLInputElement>(null)
  const title = t(`assignmentPage.${kind}`)
  const changed = () => {
    void mutate()
    onChange()
  }
  const send = async (uploads: readonly Upload[]) => {
    try {
      for (const [done, { path, file }] of uploads.entries()) {
        setSending({ done, all: uploads.length })
        const executable = await isScript(file)
        await writeFile(of.id, kind, { path: path.join('/'), content: file, executable })
      }
      toast.done(t('assignmentPage.uploaded', { count: uploads.length }))
    } finally {
      setSending(null)
      changed()
    }
  }
  const put = (uploads: readonly Upload[]) => {
    const known = new Set(data?.items.map((one) => one.path))
    const there = uploads.filter((one) => known.has(one.path.join('/'))).length
    if (there === 0) return void send(uploads).catch(toast.failed)
    setQuestion({
      title: t('assignmentPage.replaceTitle', { count: there }),
      text: t('assignmentPage.replaceText'),
      action: t('assignmentPage.replace'),
      run: () => send(uploads),
    })
  }
  const edit = async (file: { path: string; executable: boolean }) => {
    try {
      const content = await readText(of.id, kind, file.path)
      if (content === null) toast.failed(new TextError('assignmentPage.noText'))
      else setOpened({ ...file, content })
    } catch (failure) {
      toast.failed(failure)
    }
  }
  const remove = (path: string) =>
    setQuestion({
      title: t('assignmentPage.askFile', { name: oneLine(path) }),
      text: t(`assignmentPage.askFileText.${kind}`),
      action: t('assignmentPage.deleteFile'),
      run: async () => {
        await deleteFile(of.id, kind, path)
        changed()
      },
    })
  const all = data?.items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0
  return (
    <Panel
      title={title}
      action={
        <div className="flex flex-wrap justify-end gap-2">
          {teaches && (
            <>
              <Button
                size="small"
                busy={sending !== null}
                onClick={() => input.current?.click()}
                aria-label={t('assignmentPage.uploadTo', { where: title })}
              >
                {sending === null && <UploadIcon aria-hidden />}
                {sending === null ? t('assignmentPage.upload') : `${sending.done} / ${sending.all}`}
              </Button>
              <Button
                size="small"
                onClick={() => setOpened({ path: null, content: '', executable: false })}
                aria-label={t('assignmentPage.newFileIn', { where: title })}
              >
                <FilePlus2 aria-hidden />
                {t('assignmentPage.newFile')}
              </Button>
            </>
          )}
          {data && data.items.length > 0 && (
            <Button asChild size="small" look="quiet">
              <a
                href={`/api/v1${path}/archive`}
                download
                aria-label={t('assignmentPage.downloadAllOf', { where: title })}
              >
                <Download aria-hidden />
                {t('assignmentPage.downloadAll')}
              </a>
            </Button>
          )}
        </div>
      }
    >
      <FileDrop enabled={teaches && sending === null} onDrop={put}>
        <p className="px-4 pt-3 text-muted">{t(`assignmentPage.${kind}Text`)}</p>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />)}
        {data?.items.length === 0 && (
          <Empty icon={Files} title={t('assignmentPage.noFiles')}>
            {teaches && t('assignmentPage.noFilesText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <>
            <Table
              label={title}
              head={[t('assignmentPage.path'), t('assignmentPage.size'), `·${t('assignmentPage.actions')}`]}
            >
              {data.items.map((file) => (
                <FileRow
                  key={file.path}
                  of={of}
                  kind={kind}
                  file={file}
                  onEdit={teaches && file.sizeBytes <= editableBytes ? () => void edit(file) : null}
                  onDelete={teaches ? () => remove(file.path) : null}
                />
              ))}
            </Table>
            <p className="tabular border-line border-t px-4 py-2 text-muted text-xs">
              {t('assignmentPage.filesSum', { count: data.items.length, size: bytes(all) })}
            </p>
          </>
        )}
      </FileDrop>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-kind={kind}
        onChange={({ target }) => {
          const chosen = [...(target.files ?? [])].map((file) => ({ path: [file.name], file }))
          target.value = ''
          if (chosen.length > 0) put(chosen)
        }}
      />
      <FileDialog
        of={of}
        kind={kind}
        opened={opened}
        taken={data?.items.map((one) => one.path) ?? []}
        onClose={() => setOpened(null)}
        onSaved={changed}
      />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </Panel>
  )
}
