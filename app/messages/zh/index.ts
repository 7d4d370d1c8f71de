import type { Catalogue } from '../texts'
import { account } from './account'
import { assignmentPage } from './assignment-page'
import { assignments } from './assignments'
import { audit } from './audit'
import { authorize } from './authorize'
import { builds } from './builds'
import { classes } from './classes'
import { common } from './common'
import { devcontainer } from './devcontainer'
import { editor } from './editor'
import { entry } from './entry'
import { errors } from './errors'
import { exams } from './exams'
import { files } from './files'
import { git } from './git'
import { grades } from './grades'
import { handIns } from './hand-ins'
import { keys } from './keys'
import { language } from './language'
import { lesson } from './lesson'
import { lineComments } from './line-comments'
import { lti } from './lti'
import { members } from './members'
import { operator } from './operator'
import { pages } from './pages'
import { palette } from './palette'
import { preview } from './preview'
import { privacy } from './privacy'
import { reference } from './reference'
import { rubrics } from './rubrics'
import { runs } from './runs'
import { sandbox } from './sandbox'
import { schedules } from './schedules'
import { settings } from './settings'
import { shares } from './shares'
import { shell } from './shell'
import { similarity } from './similarity'
import { snapshots } from './snapshots'
import { stacks } from './stacks'
import { start } from './start'
import { statistics } from './statistics'
import { studentData } from './student-data'
import { studentQuota } from './student-quota'
import { templates } from './templates'
import { terminal } from './terminal'
import { timetable } from './timetable'
import { together } from './together'
import { units } from './units'
import { usage } from './usage'
import { viewers } from './viewers'
import { volumes } from './volumes'
import { webhooks } from './webhooks'
import { work } from './work'
import { workspace } from './workspace'

/** Every text of the interface in 简体中文. */
export const zh: Catalogue = {
  account,
  assignmentPage,
  assignments,
  audit,
  authorize,
  builds,
  classes,
  common,
  devcontainer,
  editor,
  entry,
  errors,
  exams,
  files,
  git,
  grades,
  handIns,
  keys,
  language,
  lesson,
  lineComments,
  lti,
  members,
  operator,
  pages,
  palette,
  preview,
  privacy,
  reference,
  rubrics,
  runs,
  sandbox,
  schedules,
  settings,
  shares,
  shell,
  similarity,
  snapshots,
  stacks,
  start,
  statistics,
  studentData,
  studentQuota,
  templates,
  terminal,
  timetable,
  together,
  units,
  usage,
  viewers,
  volumes,
  webhooks,
  work,
  workspace,
}
