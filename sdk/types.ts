/**
 * The words of the API. Their source is `protocol/`, which the server checks every request and answer against;
 * the published package has them written out (`build/declarations.ts`), so that it needs nothing of it.
 */
import type { z } from 'zod'
import type * as protocol from '../protocol/api/index.js'

/** What one sandbox may use. The kernel enforces each of them. */
export type Limits = protocol.Limits
/** What a sandbox may reach: nothing, the public internet, or the public addresses of these names. */
export type NetworkPolicy = protocol.NetworkPolicy
export type SandboxState = protocol.SandboxState
/** What one sandbox has used, or uses now. */
export type Usage = protocol.Usage
/** What `sandboxes.create` takes. Everything may be left out. */
export type CreateSandbox = z.input<typeof protocol.createSandbox>
/** What `sandbox.update` takes: what is left out stays. */
export type UpdateSandbox = z.input<typeof protocol.updateSandbox>
/** A sandbox as the server has it, with live usage while it runs. */
export type SandboxDescription = protocol.SandboxWithUsage
/** A string is run by `/bin/sh -c`, an array as program and arguments. */
export type Command = string | string[]
/** How a process ended. Exactly one of `exitCode` and `signal` is not null. */
export type ExitStatus = protocol.ExitStatus
/** All that a command wrote, and how it ended. */
export type ExecResult = protocol.ExecResult
/** How a command ended. */
export type ExecExit = protocol.ExecExit
/** A file, directory or link of a sandbox. */
export type FileEntry = protocol.FileEntry
export type SignedFile = protocol.SignedFile
export type SearchMatch = protocol.SearchMatch
export type SearchEnd = protocol.SearchEnd
export type FileChange = protocol.FileChange
export type WatchEvent = protocol.WatchEvent
export type FileTree = protocol.FileTree
/** What `terminals.open` takes. */
export type OpenTerminal = z.input<typeof protocol.openTerminal>
export type TerminalDescription = protocol.Terminal
/** What `processes.start` takes beside the command. */
export type StartProcess = Omit<z.input<typeof protocol.startProcess>, 'command'>
export type ProcessDescription = protocol.SandboxProcess
/** A language server that is installed in a sandbox. */
export type LanguageServer = protocol.LanguageServer
/** Why a language server ended. */
export type LspEnded = protocol.LspEnded
/** What whom a sandbox is shared with may do in it. */
export type ShareLevel = protocol.ShareLevel
/** With whom a sandbox is shared, and until when. */
export type ShareDescription = protocol.Share
/** The same, with the link. */
export type NewShare = protocol.ShareCreated
/** What `keys.create` takes. */
export type CreateApiKey = z.input<typeof protocol.createApiKey>
/** An API key, without the key itself. */
export type ApiKeyDescription = protocol.ApiKey
/** The same with the key itself. */
export type ApiKeyCreated = z.infer<typeof protocol.apiKeyCreated>
/** What bounds an API key. */
export type KeyLimits = protocol.KeyLimits
/** Where SSH is answered. */
export type SshServer = protocol.SshServer
/** What a key that was let in connects with. */
export type SshAccess = protocol.SshAccess
/** The disk of a sandbox as it was at one moment. */
export type SnapshotDescription = protocol.Snapshot
/** An image in the registry of this server. */
export type PushedImage = protocol.PushedImage
/** An image on its way from or to another registry. */
export type TransferDescription = protocol.Transfer
/** One event of it. */
export type TransferEvent = protocol.TransferEvent
/** What the tenant signs in to another registry with, without the password. */
export type RegistryCredential = protocol.RegistryCredential
/** What a restore came to: the sandbox, and a snapshot of the disk as it was before. */
export type RestoredSandbox = protocol.RestoredSandbox
/** Paths that differ from the template. */
export type DiskChanges = protocol.DiskChanges
/** What a tenant has on disks. */
export type DiskUse = protocol.DiskUse
/** A class with its staff, sections and groups. */
export type ClassDescription = protocol.ClassDescription
/** A class as a list has it. */
export type ClassSummary = protocol.ClassSummary
/** A section or a group of a class. */
export type ClassPart = protocol.ClassPart
/** A student of a class. */
export type ClassStudent = protocol.ClassStudent
/** What importing a roster would do. */
export type RosterPreview = protocol.RosterPreview
/** What importing a roster has done. */
export type RosterApplied = protocol.RosterApplied
/** What applying the roster of a course would do. */
export type CourseRosterPreview = protocol.LtiRosterPreview
/** The course of a learning platform that a class is connected to. */
export type ClassCourse = protocol.LtiCourse
/** What a student without an e-mail address signs in with. */
export type SignInCard = protocol.SignInCard
/** An assignment of a class, or a lesson: one that is never due. */
export type Assignment = protocol.Assignment
/** An assignment as a list has it. */
export type AssignmentSummary = protocol.AssignmentSummary
/** What a student has of an assignment. */
export type AssignmentWork = protocol.AssignmentWork
/** The same, of a student of a class. */
export type StudentWork = protocol.StudentWork
/** Where a class is stuck in an assignment, and how long it takes. */
export type AssignmentStatistics = protocol.AssignmentStatistics
/** How a student of a class stands in an exam. */
export type ExamAttempt = protocol.ExamAttempt
/** What happened in an exam. */
export type ExamEvent = protocol.ExamEvent
/** What was kept of the work of a student in an exam. */
export type ExamSnapshot = protocol.ExamSnapshot
/** What `assignments.tell` takes. */
export type TellExamEvent = protocol.TellExamEvent
/** An assignment of one of your classes, as a student. */
export type OwnWork = protocol.OwnWork
/** What `assignments.importTests` takes. */
export type ImportAssignmentTests = z.input<typeof protocol.importAssignmentTests>
/** Tests that were read from a file, and what of it was not understood. */
export type ImportedTests = protocol.ImportedTests
/** What importing the archive of a course would do. */
export type CoursePreview = protocol.CoursePreview
export type AssignmentExtension = protocol.AssignmentExtension
/** A live lesson of a class. */
export type Lesson = protocol.Lesson
/** What `lessons.start` takes. */
export type StartLesson = z.input<typeof protocol.startLesson>
/** What each student of a live lesson does. */
export type LessonStudents = protocol.LessonStudents
export type LessonStudent = protocol.LessonStudent
export type LessonState = protocol.LessonState
/** What `lessons.screens` takes. */
export type LookAtLessonScreens = z.input<typeof protocol.lookAtScreens>
/** What terminals of students show. */
export type LessonScreens = protocol.LessonScreens
export type LessonScreen = protocol.LessonScreen
/** What `lessons.setTimetable` takes. */
export type SetTimetable = z.input<typeof protocol.setTimetable>
/** When lessons of a class are. */
export type Timetable = protocol.Timetable
export type TimetableLesson = protocol.TimetableLesson
/** What `lessons.show` takes. */
export type ShowTerminal = protocol.ShowTerminal
/** The terminal that students of a live lesson may watch. */
export type LessonBroadcast = protocol.LessonBroadcast
/** What `lessons.send` takes. */
export type SendLessonMessage = z.input<typeof protocol.sendMessage>
export type LessonMessage = protocol.LessonMessage
/** A live lesson as one of its students has it. */
export type OwnLesson = protocol.OwnLesson
/** What `lessons.push` takes. */
export type PushFile = Omit<z.input<typeof protocol.pushFile>, 'students'>
/** What was done for each student. */
export type LessonOutcome = protocol.LessonOutcome
/** What a student has handed in. */
export type Submission = protocol.Submission
/** The same, with what was left out of it. */
export type SubmissionWithMissing = protocol.SubmissionWithMissing
/** What proves that something was handed in, and when. */
export type SubmissionReceipt = protocol.SubmissionReceipt
/** What `submissions.checkReceipt` finds. */
export type CheckedReceipt = protocol.CheckedReceipt
/** A file or a symbolic link of a submission. */
export type SubmissionFile = protocol.SubmissionFile
/** Which hand-ins for an assignment have much in common. */
export type SimilarityReport = protocol.SimilarityReport
/** What two of them have in common, side by side. */
export type SimilarPairDetail = protocol.SimilarPairDetail
/** What staff say about a line of a submission. */
export type LineComment = protocol.LineComment
/** What `submissions.comment` takes. */
export type CreateLineComment = protocol.CreateLineComment
/** One time that the tests were run with a submission. */
export type Grading = protocol.Grading
/** What a student has for an assignment. */
export type Grade = protocol.Grade
/** What the students of a class have for its assignments. */
/** What deleting the data of a student deletes. */
export type StudentDataDeletion = protocol.StudentDataDeletion
export type Gradebook = protocol.Gradebook
export type GradebookApplied = protocol.GradebookApplied
export type GradebookPreview = protocol.GradebookPreview
/** A level of a rubric that was chosen for a student. */
export type GradedCriterion = protocol.GradedCriterion
/** How people give points for an assignment. */
export type Rubric = protocol.Rubric
/** What `assignments.giveGrade` takes. */
export type GiveGrade = z.input<typeof protocol.setGrade>
/** Each time that a person gave points. */
export type GivenGrades = protocol.GivenGrades
/** What has changed in a submission. */
export type SubmissionDiff = protocol.SubmissionDiff
export type AssignmentFile = protocol.AssignmentFile
export type AssignmentFileKind = protocol.AssignmentFileKind
/** What `assignments.create` takes. */
export type CreateAssignment = z.input<typeof protocol.createAssignment>
/** What `assignments.update` takes. */
export type ChangeAssignment = z.input<typeof protocol.changeAssignment>
/** What `classes.create` takes. */
export type CreateClass = z.input<typeof protocol.createClass>
/** What `classes.update` takes. */
export type ChangeClass = z.input<typeof protocol.changeClass>
/** What `classes.students.add` takes. */
export type AddClassStudent = z.input<typeof protocol.addStudent>
/** What `classes.students.update` takes. */
export type ChangeClassStudent = z.input<typeof protocol.changeStudent>
/** What `classes.invite` takes. */
export type InviteToClass = z.input<typeof protocol.inviteToClass>
/** Somebody who may join a tenant, or whoever has a link. */
export type Invitation = protocol.Invitation
/** The same with its link and code. */
export type CreatedInvitation = z.infer<typeof protocol.invited>
/** Something that happened in the tenant. */
export type TenantEvent = protocol.TenantEvent
/** What an event is about. */
export type EventType = protocol.EventType
/** Told instead of events that are not kept any more. */
export type MissedEvents = protocol.MissedEvents
/** Where events are sent. */
export type WebhookDescription = protocol.Webhook
/** With what its deliveries are signed, which is told once. */
export type WebhookWithSecret = protocol.WebhookWithSecret
/** What `webhooks.create` takes. */
export type CreateWebhook = z.input<typeof protocol.createWebhook>
/** What `webhooks.update` takes. */
export type ChangeWebhook = z.input<typeof protocol.changeWebhook>
/** An event on its way to a webhook. */
export type WebhookDelivery = protocol.WebhookDelivery
/** What is done at times of day. */
export type ScheduleDescription = protocol.Schedule
/** What `schedules.create` takes. */
export type CreateSchedule = z.input<typeof protocol.createSchedule>
/** What `schedules.update` takes. */
export type ChangeSchedule = z.input<typeof protocol.changeSchedule>
/** A named disk that sandboxes mount. */
export type VolumeDescription = protocol.Volume
/** Where a volume is mounted in a sandbox. */
export type VolumeMount = z.input<typeof protocol.volumeMount>
/** What `volumes.create` takes. */
export type CreateVolume = z.input<typeof protocol.createVolume>
/** What `volumes.update` takes. */
export type ChangeVolume = z.input<typeof protocol.changeVolume>
/** Several sandboxes from a compose file. */
export type StackDescription = protocol.Stack
/** With the file that it was made from. */
export type StackWithFile = protocol.StackWithFile
/** A service of a stack, as it is now. */
export type StackServiceDescription = protocol.StackService
/** What `stacks.create` takes. */
export type CreateStack = protocol.CreateStack
/** What a compose file asks for. */
export type StackPreview = protocol.StackPreview
/** A volume as it was at one moment. */
export type VolumeSnapshotDescription = protocol.VolumeSnapshot
/** A build of a Dockerfile. */
export type BuildDescription = protocol.Build
/** What a build is given beside its context. */
export type BuildOptions = z.input<typeof protocol.buildOptions>
/** One event of a build. */
export type BuildEvent = protocol.BuildEvent
/** A port of a sandbox at which a program listens, or that is shared. */
export type PortDescription = protocol.Port
/** Who may open a port, and where. */
export type PortShare = protocol.PortShare
export type PortVisibility = protocol.PortVisibility
/** A signal that a process can be sent. */
export type SignalName = protocol.SignalName
/** What a template offers. */
export type Template = protocol.Template
/** What `runs.create` takes: exactly one of `language`, `command` and `steps`. */
export type CreateRun = z.input<typeof protocol.createRun>
export type RunState = protocol.RunState
/** `ok`, or which limit was passed, or what else was wrong. */
export type StepStatus = protocol.StepStatus
/** What a program printed. */
export type Output = protocol.Output
export type StepResult = protocol.StepResult
export type CaseResult = protocol.CaseResult
/** How the judge of a step or case ended. */
export type JudgeResult = protocol.JudgeResult
/** What a file about tests says. */
export type TestReport = protocol.TestReport
/** One test of a report. */
export type TestResult = protocol.TestResult
/** A run in a list. */
export type RunSummary = protocol.RunSummary
/** A run with all that came of it so far. */
export type RunDescription = protocol.Run
/** What `run.events()` yields; the last is of type `result`. */
export type RunEvent = protocol.RunEvent
/** What `runs.list` takes. */
export type RunFilter = z.input<typeof protocol.runListQuery>
/** A language as it can be used here and now. */
export type Language = protocol.Language
/** Who calls, and for which tenant. */
export type Me = protocol.Me
/** What the tenant may have, and what its sandboxes hold of it. */
export type QuotaStatus = protocol.QuotaStatus
/** What the tenant used, by the hour. */
export type UsageReport = protocol.UsageReport
/** One hour of it. */
export type UsageHour = protocol.UsageHour
export type AuditEvent = protocol.AuditEvent
/** Codes of everything that goes wrong. Stable: programs match on them. */
export type ErrorCode = protocol.ErrorCode
/** An error as it comes from the server (RFC 9457). */
export type Problem = protocol.Problem
