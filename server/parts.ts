import type { Logger } from 'pino'
import { newId } from '../protocol/api/index.js'
import { Passwords } from './account/passwords.js'
import { AccountService } from './account/service.js'
import { NodeService } from './admin/node-service.js'
import { QuarantineService } from './admin/quarantine-service.js'
import { TemplateService } from './admin/template-service.js'
import { TenantAdministration } from './admin/tenant-service.js'
import { UserAdministration } from './admin/user-service.js'
import { openAssignments } from './assignments/index.js'
import { Attempts } from './auth/attempts.js'
import { createAuth } from './auth/auth.js'
import { Principals } from './auth/principal.js'
import { AccessWatch } from './auth/watch.js'
import { BuildService } from './builds/service.js'
import { openClasses } from './classes/index.js'
import { Comparer } from './compare/comparer.js'
import { compareHandIns } from './compare/hand-ins.js'
import type { Config } from './config.js'
import { openDatabase } from './database/client.js'
import { Elections } from './database/elections.js'
import { Notices } from './database/notices.js'
import { EventService } from './events/service.js'
import { EventStore } from './events/store.js'
import { ExamCollector } from './exams/collector.js'
import { ExamKeeper } from './exams/keeper.js'
import { ExamRecords } from './exams/records.js'
import { ExportService } from './exports/service.js'
import { FileService } from './files/service.js'
import { SignedUrls } from './files/signed.js'
import { openGradingRunner, openGradings } from './grading/index.js'

import { BroadcastWatch } from './lessons/broadcast-watch.js'
import { openLessons } from './lessons/index.js'
import { LessonNews } from './lessons/news.js'
import { LanguageServerService } from './lsp/service.js'
import { openLti } from './lti/index.js'
import { Cancellations } from './mcp/cancellations.js'
import { OwnTemplates } from './nodes/own-templates.js'
import { Placer } from './nodes/placer.js'
import { NodeRegistry } from './nodes/registry.js'
import { RunPlacer } from './nodes/run-placer.js'
import { RegistryService } from './nodes/service.js'
import { Templates } from './nodes/templates.js'
import { Clients } from './oauth/clients.js'
import { Grants } from './oauth/grants.js'
import { allowed } from './outbound/address.js'
import { Outbound } from './outbound/http.js'
import { SignedPosts } from './outbound/signed-post.js'
import { PreviewHosts } from './previews/hosts.js'
import { Previews } from './previews/previews.js'
import { PortService } from './previews/service.js'
import { PrivacyService } from './privacy/settings.js'
import { ProcessService } from './processes/service.js'
import { Blobs } from './registry/blobs.js'
import { Manifests } from './registry/manifests.js'
import { SnapshotImages } from './registry/snapshot-image.js'
import { Callbacks } from './runs/callbacks.js'
import { Dispatcher } from './runs/dispatcher.js'
import { RunFollower } from './runs/follow.js'
import { RunLeases } from './runs/leases.js'
import { RunLogs } from './runs/logs.js'
import { RunService } from './runs/service.js'
import { RunStore } from './runs/store.js'
import { ExecService } from './sandboxes/exec-service.js'
import { SandboxService } from './sandboxes/service.js'
import { repeat } from './schedule.js'
import { ScheduleActions } from './schedules/actions.js'
import { ScheduleRunner } from './schedules/runner.js'
import { ScheduleService } from './schedules/service.js'
import { ShareService } from './shares/service.js'
import { SimilarityService } from './similarity/service.js'
import { SnapshotService } from './snapshots/service.js'
import { openSsh } from './ssh/index.js'
import { StackDriver } from './stacks/driver.js'
import { StackLogs } from './stacks/logs.js'
import { StackService } from './stacks/service.js'
import { StatisticsService } from './statistics/service.js'
import { StudentDeletions } from './student-data/deletion.js'
import { StudentExports } from './student-data/export.js'
import { openSubmissions } from './submissions/index.js'
import { TemplateMaking } from './templates/making.js'
import { OwnTemplateService } from './templates/service.js'
import { AuditLog } from './tenants/audit-log.js'
import { KeyService } from './tenants/keys.js'
import { Members } from './tenants/members.js'
import { TenantService } from './tenants/tenant-service.js'
import { createFirstTenant } from './tenants/tenants.js'
import { TerminalService } from './terminals/service.js'
import { TimetableService } from './timetables/service.js'
import { TimetableWarming } from './timetables/warming.js'
import { Presence } from './together/presence.js'
import { RegistryCredentials } from './transfers/credentials.js'
import { Sealing } from './transfers/sealing.js'
import { TransferService } from './transfers/service.js'
import { Turns } from './turns.js'
import { DiskUses } from './usage/disk.js'
import { UsageService } from './usage/service.js'
import { volumeFiles } from './volumes/files.js'
import { VolumeService } from './volumes/service.js'
import { WebhookDeliveries } from './webhooks/deliveries.js'
import { WebhookSender } from './webhooks/sender.js'
import { WebhookService } from './webhooks/service.js'

/** Runs of a tenant at once, over all servers, when its quota says nothing else. */
const defaultRuns = 4
/** Of the database, for a tenant's runs, when its quota says nothing else. */
const defaultRunStorageMiB = 1024

/** Each holds the tokens of all hand-ins for an assignment, and keeps a processor busy. */
const comparisonsAtOnce = 1

/** Of the built programs; a bundle says where its own is. */
const builtThread = new URL('../dist/server/compare/thread.js', import.meta.url)

/**
 * Makes the parts of the server and hands them to each other. Nothing is asked of the database or a node yet.
 * @param compareThread the program that compares texts
 */
export function openParts(config: Config, log: Logger, compareThread = builtThread) {
  const database = openDatabase(config.databaseUrl)
  // What other servers know this process by; the next one has another id.
  const server = newId('sv')
  const nodes = new NodeRegistry(database, config.runtimeSocket, log)
  const placer = new Placer(nodes, database.pool)
  const auth = createAuth(config, database, createFirstTenant(database.prisma))
  const attempts = new Attempts(database.pool, config.secret)
  const elections = new Elections(database.relaxed, server, log)
  const notices = new Notices(config.databaseUrl, log)
  const principals = new Principals(auth, database, config.publicUrl, notices, config.idle)
  const watch = new AccessWatch(database, principals, log)
  const templates = new Templates(nodes)
  const ownTemplates = new OwnTemplates(database, notices)
  const manifests = new Manifests(database)
  const blobs = new Blobs(database, nodes, placer, log)
  const making = new TemplateMaking(database, nodes, ownTemplates, log)
  const sandboxes = new SandboxService(database, nodes, placer, templates, ownTemplates, notices, watch)
  const guests = repeat('ending what is shared no more', 5000, log, () => sandboxes.guests.check())
  const presence = new Presence(database, sandboxes, server, notices, log)
  const bounds = { running: defaultRuns, queued: config.runQueue, storageMiB: defaultRunStorageMiB }
  const store = new RunStore(database, server, bounds)
  const logs = new RunLogs(database, notices)
  const runPlacer = new RunPlacer(database, nodes, placer, log)
  const dispatcher = new Dispatcher({
    ...{ store, templates, notices, log, logs, places: config.runPlaces },
    placer: runPlacer,
    leases: new RunLeases(database, {
      ...{ server, running: bounds.running, retentionHours: config.runRetentionHours },
    }),
  })
  const posts = new SignedPosts(allowed(config.callbackAllow))
  const callbacks = new Callbacks(database, config.secret, posts, log)
  const runs = new RunService(
    ...([database, store, dispatcher, templates, callbacks] as const),
    ...([new RunFollower(database, logs), bounds, notices] as const),
  )
  const hashing = async () => (await auth.$context).password
  const passwords = new Passwords(database, hashing)
  const previewHosts = new PreviewHosts(config.previewDomain, config.publicUrl)
  const previews = new Previews(config, previewHosts, {
    ...{ database, principals, watch, notices, nodes, sandboxes },
  })
  const disks = new DiskUses(database, nodes)
  const volumes = new VolumeService(database, nodes, placer)
  const stacks = new StackService(database, nodes, placer, sandboxes, ownTemplates, previewHosts)
  const stackDriver = new StackDriver(database, nodes, placer, sandboxes, volumes, log)
  const ownTemplateService = new OwnTemplateService(database, nodes, placer, ownTemplates, making, manifests)
  const outbound = new Outbound({
    ...{ allow: allowed(config.registryAllow), plain: new Set(config.registryHttp) },
  })
  const sealing = new Sealing(config.secret)
  const credentials = new RegistryCredentials(database, sealing)
  const events = new EventStore(database)
  const webhooks = new WebhookService(database, posts, sealing)
  const webhookSender = new WebhookSender(database, posts, sealing, log)
  const members = new Members(database, principals)
  const snapshots = new SnapshotService(database, nodes, sandboxes)
  const gradings = openGradings(database)
  const assignments = openAssignments({
    ...{ database, templates, own: ownTemplates, sandboxes, log },
    gradesOf: (all, userId) => gradings.grades.of(all, userId, true),
  })
  const comparer = new Comparer(compareThread)
  const submissions = openSubmissions({
    ...{ database, sandboxes, comparer, secret: config.secret },
    ...{ files: assignments.files, work: assignments.work },
  })
  const similarity = new SimilarityService(
    ...([database, submissions.contents, new Turns(comparisonsAtOnce)] as const),
    (starter, handIns) => compareHandIns(compareThread, starter, handIns),
  )
  const grader = openGradingRunner({
    ...{ server, database, templates, notices, comparer, log, placer: runPlacer, places: dispatcher },
    // A run of a person finds a place also while many are graded.
    ...{
      files: assignments.files,
      contents: submissions.contents,
      atOnce: Math.max(1, config.runPlaces - 1),
    },
    meter: (tenantId, startedAt, result) =>
      store.meter({ tenantId, startedAt, finishedAt: new Date() }, result),
  })
  const broadcasts = new BroadcastWatch(database, notices)
  const lti = openLti({
    ...{ database, auth, principals, sealing, grades: gradings.grades, publicUrl: config.publicUrl, log },
    outbound: new Outbound({ allow: allowed(config.ltiAllow), plain: new Set(config.ltiHttp) }),
  })
  const lessonNews = new LessonNews(database, notices, log)
  const shown = repeat('ending what is shown no more', 5000, log, () => broadcasts.check())
  const services = {
    ...{ sandboxes, runs },
    schedules: new ScheduleService(database, sandboxes),
    members,
    classes: openClasses(database, principals, members, hashing, config.publicUrl),
    assignments,
    lessons: openLessons({ database, nodes, sandboxes, snapshots, assignments, broadcasts }),
    timetables: new TimetableService(database, nodes, assignments.sources),
    ...{ submissions, similarity },
    ...{ gradings, lti },
    exams: new ExamRecords(database, submissions.contents),
    statistics: new StatisticsService(database, gradings.grades),
    studentExports: new StudentExports(database, submissions, gradings),
    studentDeletions: new StudentDeletions(database, sandboxes, snapshots),
    privacy: new PrivacyService(database),
    execs: new ExecService(database, sandboxes),
    processes: new ProcessService(database, sandboxes),
    languageServers: new LanguageServerService(database, sandboxes),
    ports: new PortService(database, sandboxes, previewHosts, previews),
    files: new FileService(database, sandboxes),
    snapshots,
    builds: new BuildService(database, placer, making, log),
    registry: { blobs, manifests },
    snapshotImages: new SnapshotImages(database, nodes, blobs, manifests, log),
    exports: new ExportService({ database, nodes, own: ownTemplates, blobs, manifests, log }),
    ...{ templates: ownTemplateService, credentials },
    transfers: new TransferService({
      ...{ database, principals, blobs, manifests, templates: ownTemplateService, credentials },
      ...{ outbound, log },
    }),
    volumes,
    stacks,
    stackLogs: new StackLogs(stacks, nodes),
    volumeFiles: volumeFiles(database, volumes),
    shares: new ShareService(database, sandboxes, config.publicUrl),
    ssh: openSsh({ database, principals, attempts, sandboxes, watch, server: config.ssh }),
    signed: new SignedUrls(config.secret, config.publicUrl, database, principals, sandboxes),
    terminals: new TerminalService(database, sandboxes, broadcasts),
    tenants: new TenantService(database, principals),
    keys: new KeyService(database, principals),
    grants: new Grants(database, principals, new Clients(config.secret), config.publicUrl),
    auditLog: new AuditLog(database),
    events: new EventService(database, events, notices, log),
    webhooks,
    webhookDeliveries: new WebhookDeliveries(database, webhooks),
    usages: new UsageService(database, disks),
    account: new AccountService(database, principals, passwords),
    administration: {
      nodes: new NodeService(database, nodes),
      registry: new RegistryService(database, nodes),
      templates: new TemplateService(database, nodes),
      quarantine: new QuarantineService({ database, nodes, templates }),
      tenants: new TenantAdministration(database, nodes, disks),
      users: new UserAdministration(database, config.publicUrl),
    },
  }
  const collector = new ExamCollector(database, sandboxes, submissions.homes, log)
  const keeper = new ExamKeeper(database, submissions.homes, log)
  const warming = new TimetableWarming(database, nodes, templates, ownTemplates, log)
  const schedules = new ScheduleRunner(database, new ScheduleActions(database, services), principals, log)
  return {
    stackDriver,
    ...{
      nodes,
      attempts,
      watch,
      notices,
      elections,
      presence,
      schedules,
      collector,
      keeper,
      warming,
      lessonNews,
    },
    cancellations: new Cancellations(database, notices),
    ...{
      config,
      log,
      database,
      auth,
      principals,
      previewHosts,
      previews,
      sandboxes,
      callbacks,
      events,
      webhookSender,
      store,
      dispatcher,
      grader,
      services,
    },
    [Symbol.asyncDispose]: async () => {
      previews[Symbol.dispose]()
      await webhookSender[Symbol.asyncDispose]()
      await grader[Symbol.asyncDispose]()
      await comparer[Symbol.asyncDispose]()
      await stackDriver[Symbol.asyncDispose]()
      await collector[Symbol.asyncDispose]()
      await schedules[Symbol.asyncDispose]()
      await dispatcher[Symbol.asyncDispose]()
      await presence[Symbol.asyncDispose]()
      await guests[Symbol.asyncDispose]()
      await shown[Symbol.asyncDispose]()
      await watch[Symbol.asyncDispose]()
      await notices[Symbol.asyncDispose]()
      nodes[Symbol.dispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The parts of a server. */
export type Parts = ReturnType<typeof openParts>
