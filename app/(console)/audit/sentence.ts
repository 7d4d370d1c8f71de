import { mebibytes } from '../../lib/format'
import { portVisibility, role, shareLevel } from '../../lib/protocol'
import type { AuditEvent } from '../../lib/protocol-audit'
import type { Format } from '../../lib/use-format'
import type { Translate } from '../../messages/texts'
import { type Action, isAction } from './actions'
import { type Existing, invitedOf, keyOf, type Name, personOf, plain, sandboxOf, told } from './names'

/** A piece of a sentence: words, or the name of something. */
export type Part = string | Name

/** What a sentence is written from. */
interface Telling {
  readonly event: AuditEvent
  readonly existing: Existing
  readonly t: Translate
  readonly format: Format
  /** Gives what stands for a name in the text until the text is taken apart. */
  readonly mark: (name: Name) => string
  /** The sandbox of the event. */
  readonly sandbox: () => string
}
type Write = (telling: Telling) => string

const path = ({ event, mark }: Telling) => mark(plain(told(event, 'path')))
const image = ({ event, mark }: Telling) => {
  const reference = told(event, 'reference')
  return mark(plain(`${told(event, 'repository')}${reference.includes(':') ? '@' : ':'}${reference}`))
}
const command = ({ event, mark }: Telling) => mark(plain(told(event, 'command')))
const fromTo = ({ event, mark }: Telling) => ({
  ...{ from: mark(plain(told(event, 'from'))), to: mark(plain(told(event, 'to'))) },
})

const roleIn = ({ event, t }: Telling): string => {
  const known = role.safeParse(told(event, 'role'))
  return known.success ? t(`audit.roles.${known.data}`) : told(event, 'role')
}

type ClassSentence =
  | 'Create'
  | 'Change'
  | 'Delete'
  | 'Staff'
  | 'StaffRemove'
  | 'SectionCreate'
  | 'SectionRename'
  | 'SectionDelete'
  | 'GroupCreate'
  | 'GroupRename'
  | 'GroupDelete'
  | 'StudentAdd'
  | 'StudentChange'
  | 'StudentRemove'
  | 'StudentExport'
  | 'StudentDataDelete'
  | 'Roster'
  | 'CourseRoster'
  | 'CourseScores'
  | 'Cards'
/** What was done in a class: each sentence takes those of the values that it names. */
const ofClass =
  (key: ClassSentence): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.class${key}`, {
      ...{ name: mark(plain(told(event, 'name'))), class: mark(plain(told(event, 'class'))) },
      ...{ of: mark(plain(told(event, 'of'))), added: told(event, 'added'), changed: told(event, 'changed') },
      ...{ removed: told(event, 'removed'), count: told(event, 'count') },
      student: mark(plain(told(event, 'student'))),
    })

const ofCourse =
  (key: 'Course' | 'CourseRemove'): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.class${key}`, {
      ...{ name: mark(plain(told(event, 'name'))), course: mark(plain(told(event, 'course'))) },
      platform: mark(plain(told(event, 'platform'))),
    })
const ofPlatform =
  (key: 'Add' | 'Change' | 'Remove'): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.platform${key}`, {
      ...{ name: mark(plain(told(event, 'name'))), issuer: mark(plain(told(event, 'issuer'))) },
    })

type AssignmentSentence =
  | 'Create'
  | 'Change'
  | 'Delete'
  | 'Files'
  | 'Start'
  | 'Order'
  | 'Move'
  | 'Import'
  | 'Extension'
  | 'ExtensionRemove'
  | 'Grade'
  | 'GradeCancel'
const ofAssignment =
  (key: AssignmentSentence): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.assignment${key}`, {
      ...{ title: mark(plain(told(event, 'title'))), of: mark(plain(told(event, 'of'))) },
      ...{
        class: mark(plain(told(event, 'class'))),
        added: told(event, 'added'),
        changed: told(event, 'changed'),
      },
      count: told(event, 'count'),
    })

type LessonSentence =
  | 'Start'
  | 'End'
  | 'Freeze'
  | 'Thaw'
  | 'Message'
  | 'Hand'
  | 'Push'
  | 'Reset'
  | 'Show'
  | 'Unshow'
  | 'Timetable'
const ofLesson =
  (key: LessonSentence): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.lesson${key}`, {
      ...{ class: mark(plain(told(event, 'class'))), of: mark(plain(told(event, 'of'))) },
      ...{ path: mark(plain(told(event, 'path'))), title: mark(plain(told(event, 'title'))) },
      count: Number(told(event, 'count')),
    })

type SubmissionSentence = 'Create' | 'Grade' | 'Comment' | 'CommentChange' | 'CommentDelete'
const ofSubmission =
  (key: SubmissionSentence): Write =>
  ({ event, t, mark }) =>
    t(`audit.sentences.submission${key}`, {
      ...{ title: mark(plain(told(event, 'title'))), of: mark(plain(told(event, 'of'))) },
      ...{ path: mark(plain(told(event, 'path'))), line: told(event, 'line') },
      number: told(event, 'number'),
    })

const fields = ['name', 'limits', 'network', 'metadata', 'idle', 'restart', 'ttlSeconds', 'volumes'] as const

const updated: Write = ({ event, t, sandbox }) => {
  const { changed } = event.detail
  const names = Array.isArray(changed) ? changed.filter((one) => typeof one === 'string') : []
  const words = names.map((name) => {
    const known = fields.find((field) => field === name)
    return known === undefined ? name : t(`audit.fields.${known}`)
  })
  return t('audit.sentences.sandboxUpdate', {
    fields: words.join(t('common.comma')) || t('audit.settings'),
    sandbox: sandbox(),
  })
}

const shared: Write = ({ event, t, format, sandbox }) => {
  const known = portVisibility.safeParse(told(event, 'visibility'))
  const visibility = known.success ? t(`audit.visibilities.${known.data}`) : told(event, 'visibility')
  const values = { port: told(event, 'port'), sandbox: sandbox(), visibility }
  const until = told(event, 'expiresAt')
  return until === ''
    ? t('audit.sentences.portShare', values)
    : t('audit.sentences.portShareUntil', { ...values, at: format.dateTime(until) })
}

const lengthOf = (event: AuditEvent, name: string) => {
  const ids = event.detail[name]
  return Array.isArray(ids) ? ids.length : 0
}

const removed: Write = ({ event, t, mark }) => {
  const [revoked, taken] = [lengthOf(event, 'keysRevoked'), lengthOf(event, 'keysTransferred')]
  if (event.actor === told(event, 'email')) {
    if (revoked > 0) return t('audit.sentences.memberLeaveRevoked', { count: revoked })
    if (taken > 0) return t('audit.sentences.memberLeaveTaken', { count: taken })
    return t('audit.sentences.memberLeave')
  }
  const person = mark(personOf(event, t))
  if (revoked > 0) return t('audit.sentences.memberRemoveRevoked', { person, count: revoked })
  if (taken > 0) return t('audit.sentences.memberRemoveTaken', { person, count: taken })
  return t('audit.sentences.memberRemove', { person })
}

const quota: Write = ({ event: { detail }, t, format }) => {
  const of = (name: string, show: (value: number) => string) => {
    const value = detail[name]
    return typeof value === 'number' ? [show(value)] : []
  }
  const amounts = [
    ...of('sandboxes', (count) => t('units.sandboxes', { count })),
    ...of('cpus', format.cpus),
    ...of('memoryMiB', (value) => t('audit.amounts.memory', { amount: mebibytes(value) })),
    ...of('diskMiB', (value) => t('audit.amounts.disk', { amount: mebibytes(value) })),
    ...of('pids', (count) => t('units.processes', { count })),
  ]
  return t('audit.sentences.tenantQuota', { amounts: amounts.join(t('common.comma')) })
}

const deletedRuns: Write = ({ event, t, format }) => {
  const [count, before] = [event.detail.deleted, told(event, 'before')]
  const at = Number.isNaN(Date.parse(before)) ? null : format.dateTime(before)
  if (typeof count === 'number') {
    return at === null
      ? t('audit.sentences.runDeleteCount', { count })
      : t('audit.sentences.runDeleteCountBefore', { count, at })
  }
  return at === null ? t('audit.sentences.runDelete') : t('audit.sentences.runDeleteBefore', { at })
}

/** By action, what is said after the name of who did it. */
const sentences: Readonly<Record<Action, Write>> = {
  'sandbox.create': ({ event, t, sandbox }) => {
    const template = told(event, 'template')
    return template === ''
      ? t('audit.sentences.sandboxCreate', { sandbox: sandbox() })
      : t('audit.sentences.sandboxCreateFrom', { sandbox: sandbox(), template })
  },
  'sandbox.create_failed': ({ event, t, sandbox }) => {
    const why = told(event, 'code').replaceAll('_', ' ')
    return why === ''
      ? t('audit.sentences.sandboxCreateFailed', { sandbox: sandbox() })
      : t('audit.sentences.sandboxCreateFailedWhy', { sandbox: sandbox(), why })
  },
  'sandbox.update': updated,
  'sandbox.pause': ({ t, sandbox }) => t('audit.sentences.sandboxPause', { sandbox: sandbox() }),
  'sandbox.resume': ({ t, sandbox }) => t('audit.sentences.sandboxResume', { sandbox: sandbox() }),
  'sandbox.stop': ({ t, sandbox }) => t('audit.sentences.sandboxStop', { sandbox: sandbox() }),
  'sandbox.start': ({ t, sandbox }) => t('audit.sentences.sandboxStart', { sandbox: sandbox() }),
  'sandbox.delete': ({ t, sandbox }) => t('audit.sentences.sandboxDelete', { sandbox: sandbox() }),
  'sandbox.sleep': ({ event, t, sandbox }) =>
    event.detail.how === 'stopped'
      ? t('audit.sentences.sandboxSleepStopped', { sandbox: sandbox() })
      : t('audit.sentences.sandboxSleepPaused', { sandbox: sandbox() }),
  'sandbox.restart': ({ t, sandbox }) => t('audit.sentences.sandboxRestart', { sandbox: sandbox() }),
  'sandbox.wake': ({ t, sandbox }) => t('audit.sentences.sandboxWake', { sandbox: sandbox() }),
  'sandbox.expire': ({ t, sandbox }) => t('audit.sentences.sandboxExpire', { sandbox: sandbox() }),
  'sandbox.restore': ({ event, t, sandbox, mark }) =>
    t('audit.sentences.sandboxRestore', { sandbox: sandbox(), name: mark(plain(told(event, 'name'))) }),
  'sandbox.reset': ({ event, t, sandbox, mark }) =>
    t('audit.sentences.sandboxReset', { sandbox: sandbox(), name: mark(plain(told(event, 'name'))) }),
  'sandbox.fork': ({ t, sandbox }) => t('audit.sentences.sandboxFork', { sandbox: sandbox() }),
  'share.create': ({ event, t, sandbox, mark }) => {
    const email = told(event, 'email')
    const level = shareLevel.safeParse(told(event, 'level'))
    const values = { sandbox: sandbox(), level: level.success ? t(`audit.levels.${level.data}`) : '' }
    return email === ''
      ? t('audit.sentences.shareCreateLink', values)
      : t('audit.sentences.shareCreateMember', { ...values, person: mark(plain(email)) })
  },
  'share.accept': ({ t, sandbox }) => t('audit.sentences.shareAccept', { sandbox: sandbox() }),
  'share.change': ({ event, t, sandbox }) => {
    const level = shareLevel.safeParse(told(event, 'level'))
    const shown = level.success ? t(`audit.levels.${level.data}`) : ''
    return t('audit.sentences.shareChange', { sandbox: sandbox(), level: shown })
  },
  'share.leave': ({ t, sandbox }) => t('audit.sentences.shareLeave', { sandbox: sandbox() }),
  'share.delete': ({ t, sandbox }) => t('audit.sentences.shareDelete', { sandbox: sandbox() }),
  'ssh.open': ({ event, t, sandbox, mark }) =>
    t('audit.sentences.sshOpen', { sandbox: sandbox(), key: mark(plain(told(event, 'key'))) }),
  'ssh.access': ({ t, sandbox }) => t('audit.sentences.sshAccess', { sandbox: sandbox() }),
  'ssh.key_add': ({ event, t, mark }) =>
    t('audit.sentences.sshKeyAdd', { key: mark(plain(told(event, 'name'))) }),
  'ssh.key_remove': ({ event, t, mark }) =>
    t('audit.sentences.sshKeyRemove', { key: mark(plain(told(event, 'name'))) }),
  'snapshot.create': ({ event, t, sandbox, mark }) =>
    t('audit.sentences.snapshotCreate', { sandbox: sandbox(), name: mark(plain(told(event, 'name'))) }),
  'snapshot.rename': ({ event, t, mark }) =>
    t('audit.sentences.snapshotRename', {
      name: mark(plain(told(event, 'name'))),
      before: mark(plain(told(event, 'before'))),
    }),
  'sandbox.publish': ({ t, sandbox }) => t('audit.sentences.sandboxPublish', { sandbox: sandbox() }),
  'snapshot.publish': ({ event, t, mark }) =>
    t('audit.sentences.snapshotPublish', { name: mark(plain(told(event, 'name'))) }),
  'snapshot.delete': ({ event, t, mark }) =>
    t('audit.sentences.snapshotDelete', { name: mark(plain(told(event, 'name'))) }),
  'snapshot.image': (telling) =>
    telling.t('audit.sentences.snapshotImage', {
      name: telling.mark(plain(told(telling.event, 'name'))),
      image: image(telling),
    }),
  'image.push': (telling) => telling.t('audit.sentences.imagePush', { image: image(telling) }),
  'image.export': ({ event, t, mark }) =>
    t('audit.sentences.imageExport', { image: mark(plain(told(event, 'image'))) }),
  'image.delete': (telling) => telling.t('audit.sentences.imageDelete', { image: image(telling) }),
  'image.pull': ({ event, t, mark }) =>
    t('audit.sentences.imagePull', { remote: mark(plain(told(event, 'remote'))) }),
  'image.send': ({ event, t, mark }) =>
    t('audit.sentences.imageSend', {
      image: mark(plain(told(event, 'image'))),
      remote: mark(plain(told(event, 'remote'))),
    }),
  'image.transferCancel': ({ event, t, mark }) =>
    t('audit.sentences.imageTransferCancel', { remote: mark(plain(told(event, 'remote'))) }),
  'registry.login': ({ event, t, mark }) =>
    t('audit.sentences.registryLogin', { host: mark(plain(told(event, 'host'))) }),
  'registry.logout': ({ event, t, mark }) =>
    t('audit.sentences.registryLogout', { host: mark(plain(told(event, 'host'))) }),
  'template.import': ({ event, t, mark }) =>
    t('audit.sentences.templateImport', { name: mark(plain(told(event, 'name'))) }),
  'template.snapshot': ({ event, t, mark }) =>
    t('audit.sentences.templateSnapshot', {
      name: mark(plain(told(event, 'name'))),
      snapshot: mark(plain(told(event, 'snapshot'))),
    }),
  'template.export': ({ event, t, mark }) =>
    t('audit.sentences.templateExport', { name: mark(plain(told(event, 'name'))) }),
  'template.delete': ({ event, t, mark }) =>
    t('audit.sentences.templateDelete', { name: mark(plain(told(event, 'name'))) }),
  'stack.create': ({ event, t, mark }) =>
    t('audit.sentences.stackCreate', { name: mark(plain(told(event, 'name'))) }),
  'stack.start': ({ event, t, mark }) =>
    t('audit.sentences.stackStart', { name: mark(plain(told(event, 'name'))) }),
  'stack.stop': ({ event, t, mark }) =>
    t('audit.sentences.stackStop', { name: mark(plain(told(event, 'name'))) }),
  'stack.delete': ({ event, t, mark }) =>
    t('audit.sentences.stackDelete', { name: mark(plain(told(event, 'name'))) }),
  'class.create': ofClass('Create'),
  'class.change': ofClass('Change'),
  'class.delete': ofClass('Delete'),
  'class.staff': ofClass('Staff'),
  'class.staff_remove': ofClass('StaffRemove'),
  'class.section_create': ofClass('SectionCreate'),
  'class.section_rename': ofClass('SectionRename'),
  'class.section_delete': ofClass('SectionDelete'),
  'class.group_create': ofClass('GroupCreate'),
  'class.group_rename': ofClass('GroupRename'),
  'class.group_delete': ofClass('GroupDelete'),
  'class.student_add': ofClass('StudentAdd'),
  'class.student_change': ofClass('StudentChange'),
  'class.student_remove': ofClass('StudentRemove'),
  'class.student_export': ofClass('StudentExport'),
  'class.student_data_delete': ofClass('StudentDataDelete'),
  'class.roster': ofClass('Roster'),
  'class.course': ofCourse('Course'),
  'class.course_remove': ofCourse('CourseRemove'),
  'class.course_roster': ofClass('CourseRoster'),
  'class.course_scores': ofClass('CourseScores'),
  'platform.add': ofPlatform('Add'),
  'platform.change': ofPlatform('Change'),
  'platform.invite': ({ t }) => t('audit.sentences.platformInvite'),
  'platform.remove': ofPlatform('Remove'),
  'class.cards': ofClass('Cards'),
  'assignment.create': ofAssignment('Create'),
  'assignment.change': ofAssignment('Change'),
  'assignment.delete': ofAssignment('Delete'),
  'assignment.files': ofAssignment('Files'),
  'assignment.start': ofAssignment('Start'),
  'assignment.order': ofAssignment('Order'),
  'assignment.move': ofAssignment('Move'),
  'assignment.import': ofAssignment('Import'),
  'assignment.extension': ofAssignment('Extension'),
  'assignment.extension_remove': ofAssignment('ExtensionRemove'),
  'lesson.start': ofLesson('Start'),
  'lesson.end': ofLesson('End'),
  'lesson.freeze': ofLesson('Freeze'),
  'lesson.thaw': ofLesson('Thaw'),
  'lesson.message': ofLesson('Message'),
  'lesson.hand': ofLesson('Hand'),
  'lesson.push': ofLesson('Push'),
  'lesson.reset': ofLesson('Reset'),
  'lesson.show': ofLesson('Show'),
  'lesson.unshow': ofLesson('Unshow'),
  'lesson.timetable': ofLesson('Timetable'),
  'submission.create': ofSubmission('Create'),
  'submission.grade': ofSubmission('Grade'),
  'submission.comment': ofSubmission('Comment'),
  'submission.comment_change': ofSubmission('CommentChange'),
  'submission.comment_delete': ofSubmission('CommentDelete'),
  'assignment.grade': ofAssignment('Grade'),
  'assignment.grade_cancel': ofAssignment('GradeCancel'),
  'grade.give': ({ event, t, mark }) =>
    t('audit.sentences.gradeGive', {
      ...{ title: mark(plain(told(event, 'title'))), of: mark(plain(told(event, 'of'))) },
      points: told(event, 'points'),
    }),
  'grade.import': ({ event, t, mark }) =>
    t('audit.sentences.gradeImport', {
      class: mark(plain(told(event, 'class'))),
      changed: told(event, 'changed'),
    }),
  'schedule.create': ({ event, t, mark }) =>
    t('audit.sentences.scheduleCreate', {
      name: mark(plain(told(event, 'name'))),
      cron: told(event, 'cron'),
    }),
  'schedule.change': ({ event, t, mark }) =>
    t('audit.sentences.scheduleChange', {
      name: mark(plain(told(event, 'name'))),
      cron: told(event, 'cron'),
    }),
  'schedule.run': ({ event, t, mark }) =>
    t('audit.sentences.scheduleRun', { name: mark(plain(told(event, 'name'))) }),
  'schedule.fail': ({ event, t, mark }) =>
    t('audit.sentences.scheduleFail', {
      name: mark(plain(told(event, 'name'))),
      error: told(event, 'error'),
    }),
  'schedule.delete': ({ event, t, mark }) =>
    t('audit.sentences.scheduleDelete', { name: mark(plain(told(event, 'name'))) }),
  'webhook.create': ({ event, t, mark }) =>
    t('audit.sentences.webhookCreate', {
      name: mark(plain(told(event, 'name'))),
      host: mark(plain(told(event, 'host'))),
    }),
  'webhook.change': ({ event, t, mark }) =>
    t('audit.sentences.webhookChange', { name: mark(plain(told(event, 'name'))) }),
  'webhook.rotate': ({ event, t, mark }) =>
    t('audit.sentences.webhookRotate', { name: mark(plain(told(event, 'name'))) }),
  'webhook.replay': ({ event, t, mark }) =>
    t('audit.sentences.webhookReplay', { name: mark(plain(told(event, 'name'))) }),
  'webhook.disable': ({ event, t, mark }) =>
    t('audit.sentences.webhookDisable', {
      name: mark(plain(told(event, 'name'))),
      problem: told(event, 'problem'),
    }),
  'webhook.delete': ({ event, t, mark }) =>
    t('audit.sentences.webhookDelete', { name: mark(plain(told(event, 'name'))) }),
  'volume.create': ({ event, t, mark }) =>
    t('audit.sentences.volumeCreate', { name: mark(plain(told(event, 'name'))) }),
  'volume.change': ({ event, t, mark }) =>
    t('audit.sentences.volumeChange', {
      name: mark(plain(told(event, 'nameBefore'))),
      after: mark(plain(told(event, 'name'))),
      size: told(event, 'sizeMiB'),
    }),
  'volume.write': (telling) =>
    telling.t('audit.sentences.volumeWrite', {
      path: path(telling),
      volume: telling.mark(plain(telling.event.target ?? '')),
    }),
  'volume.snapshot': ({ event, t, mark }) =>
    t('audit.sentences.volumeSnapshot', {
      name: mark(plain(told(event, 'name'))),
      snapshot: mark(plain(told(event, 'snapshot'))),
    }),
  'volume.delete': ({ event, t, mark }) =>
    t('audit.sentences.volumeDelete', { name: mark(plain(told(event, 'name'))) }),
  'volume.delete_snapshot': ({ event, t, mark }) =>
    t('audit.sentences.volumeDeleteSnapshot', {
      name: mark(plain(told(event, 'name'))),
      snapshot: mark(plain(told(event, 'snapshot'))),
    }),
  'template.build': ({ event, t, mark }) =>
    t('audit.sentences.templateBuild', { name: mark(plain(told(event, 'name'))) }),
  'template.buildEnd': ({ event, t, mark }) =>
    t('audit.sentences.templateBuildEnd', {
      name: mark(plain(told(event, 'name'))),
      status: told(event, 'status'),
    }),
  'template.buildCancel': ({ event, t, mark }) =>
    t('audit.sentences.templateBuildCancel', { name: mark(plain(told(event, 'name'))) }),
  'terminal.open': ({ t, sandbox }) => t('audit.sentences.terminalOpen', { sandbox: sandbox() }),
  'terminal.close': ({ t, sandbox }) => t('audit.sentences.terminalClose', { sandbox: sandbox() }),
  'lsp.open': ({ event, t, sandbox }) =>
    t('audit.sentences.lspOpen', { server: told(event, 'server'), sandbox: sandbox() }),
  'port.share': shared,
  'exec.start': (telling) =>
    telling.t('audit.sentences.execStart', { command: command(telling), sandbox: telling.sandbox() }),
  'process.start': (telling) => {
    const { event, t, sandbox } = telling
    return told(event, 'command') === ''
      ? t('audit.sentences.processStartUnknown', { sandbox: sandbox() })
      : t('audit.sentences.processStart', { command: command(telling), sandbox: sandbox() })
  },
  'process.kill': ({ t, sandbox }) => t('audit.sentences.processKill', { sandbox: sandbox() }),
  'file.write': (telling) =>
    telling.t('audit.sentences.fileWrite', { path: path(telling), sandbox: telling.sandbox() }),
  'file.delete': (telling) =>
    telling.t('audit.sentences.fileDelete', { path: path(telling), sandbox: telling.sandbox() }),
  'file.move': (telling) =>
    telling.t('audit.sentences.fileMove', { ...fromTo(telling), sandbox: telling.sandbox() }),
  'file.copy': (telling) =>
    telling.t('audit.sentences.fileCopy', { ...fromTo(telling), sandbox: telling.sandbox() }),
  'file.chmod': (telling) => {
    const { event, t, sandbox } = telling
    const mode = told(event, 'mode')
    return t('audit.sentences.fileChmod', { path: path(telling), mode, sandbox: sandbox() })
  },
  'file.sign': (telling) => {
    const { event, t, sandbox } = telling
    const values = { path: path(telling), sandbox: sandbox() }
    return told(event, 'method') === 'PUT'
      ? t('audit.sentences.fileSignReplace', values)
      : t('audit.sentences.fileSignRead', values)
  },
  'file.append': (telling) =>
    telling.t('audit.sentences.fileAppend', { path: path(telling), sandbox: telling.sandbox() }),
  'file.make_directory': (telling) =>
    telling.t('audit.sentences.fileMakeDirectory', { path: path(telling), sandbox: telling.sandbox() }),
  'archive.write': (telling) =>
    telling.t('audit.sentences.archiveWrite', { path: path(telling), sandbox: telling.sandbox() }),
  'run.cancel': ({ t }) => t('audit.sentences.runCancel'),
  'run.delete': deletedRuns,
  'member.invite': (telling) => {
    const { event, existing, t, mark } = telling
    // By a link, whoever has it.
    if (told(event, 'email') === '') {
      return t('audit.sentences.memberInviteMany', { count: told(event, 'maxUses'), role: roleIn(telling) })
    }
    return t('audit.sentences.memberInvite', {
      email: mark(invitedOf(event, existing)),
      role: roleIn(telling),
    })
  },
  'member.uninvite': ({ event, t, mark }) =>
    told(event, 'email') === ''
      ? t('audit.sentences.memberUninviteMany')
      : t('audit.sentences.memberUninvite', { email: mark(plain(told(event, 'email'))) }),
  'member.join': ({ t }) => t('audit.sentences.memberJoin'),
  'member.change': (telling) => {
    const { event, t, mark } = telling
    return t('audit.sentences.memberChange', { person: mark(personOf(event, t)), role: roleIn(telling) })
  },
  'member.remove': removed,
  'tenant.create': ({ t }) => t('audit.sentences.tenantCreate'),
  'tenant.rename': ({ event, t, mark }) =>
    t('audit.sentences.tenantRename', { name: mark({ name: told(event, 'name'), href: '/settings' }) }),
  'tenant.audit_commands': ({ event, t }) =>
    t(event.detail.auditCommands === true ? 'audit.sentences.commandsOn' : 'audit.sentences.commandsOff'),
  'tenant.idle': ({ t }) => t('audit.sentences.tenantIdle'),
  'tenant.student_quota': ({ t }) => t('audit.sentences.tenantStudentQuota'),
  'tenant.quota': quota,
  'tenant.pause': ({ t }) => t('audit.sentences.tenantPause'),
  'tenant.resume': ({ t }) => t('audit.sentences.tenantResume'),
  'key.create': ({ event, existing, t, mark }) =>
    t('audit.sentences.keyCreate', { key: mark(keyOf(event, existing, t)) }),
  'key.delete': ({ event, existing, t, mark }) =>
    t('audit.sentences.keyDelete', { key: mark(keyOf(event, existing, t)) }),
  'account.password': ({ t }) => t('audit.sentences.accountPassword'),
  'account.reset_link': ({ event, t, mark }) =>
    t('audit.sentences.accountResetLink', { person: mark(personOf(event, t)) }),
  'account.reset': ({ t }) => t('audit.sentences.accountReset'),
  'account.delete': ({ t }) => t('audit.sentences.accountDelete'),
}

/**
 * What happened, in words: all of the sentence but its subject. An action of a newer server is named as it is.
 *
 * Each language puts names where they belong in it. Until the text is taken apart a control character stands for each
 * name; no name and no other value has one, because `oneLine` takes them out.
 */
export function sentenceOf(
  event: AuditEvent,
  existing: Existing,
  t: Translate,
  format: Format,
): readonly Part[] {
  const names: Name[] = []
  const mark = (name: Name) => String.fromCharCode(names.push(name))
  const sandbox = () => mark(sandboxOf(event, t))
  const text = isAction(event.action)
    ? sentences[event.action]({ event, existing, t, format, mark, sandbox })
    : t('audit.sentences.other', { action: event.action })
  return text
    .split(/([\u0001-\u0008])/)
    .map((part) => (part.length === 1 ? (names[part.charCodeAt(0) - 1] ?? part) : part))
    .filter((part) => part !== '' && (typeof part === 'string' || part.name !== ''))
}
