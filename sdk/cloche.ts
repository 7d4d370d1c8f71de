import { bodyOf } from './answer.js'
import { Assignments } from './assignments.js'
import { Builds, type StartBuild } from './builds.js'
import { Classes } from './classes.js'
import { type Content, Http, pages } from './http.js'
import { Images, Registries } from './images.js'
import { Keys } from './keys.js'
import { Lessons } from './lessons.js'
import { Runs } from './runs.js'
import { Sandboxes } from './sandboxes.js'
import { Schedules } from './schedules.js'
import { Snapshots } from './snapshots.js'
import { Stacks } from './stacks.js'
import { Submissions } from './submissions.js'
import { Events } from './tenant-events.js'
import type {
  AuditEvent,
  BuildDescription,
  BuildEvent,
  DiskUse,
  Language,
  Me,
  QuotaStatus,
  SshServer,
  Template,
  UsageReport,
} from './types.js'
import { Volumes } from './volumes.js'
import { Webhooks } from './webhooks.js'

/** Where a Cloche is, and who calls. */
export interface ClocheOptions {
  /** Such as `https://cloche.example.org`. In a page that Cloche itself serves it may be left out. */
  readonly url?: string | undefined
  /** An API key. In a page the signed-in user's session does without. */
  readonly apiKey?: string | undefined
  /** Replaces the platform's `fetch`, to go through a proxy or to watch. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * One Cloche, as one tenant.
 *
 * @example
 * import { Cloche } from '@cloche/sdk'
 *
 * const cloche = new Cloche({ url: 'https://cloche.example.org', apiKey: process.env.CLOCHE_API_KEY })
 * await using sandbox = await cloche.sandboxes.create()
 * console.log((await sandbox.exec('echo hello')).stdout)
 */
export class Cloche {
  readonly sandboxes: Sandboxes
  readonly snapshots: Snapshots
  /** What is done at times of day. */
  readonly schedules: Schedules
  /** Teachers, assistants and students. */
  readonly classes: Classes
  /** Assignments and lessons of classes. */
  readonly assignments: Assignments
  /** Live lessons of classes. */
  readonly lessons: Lessons
  /** What students hand in. */
  readonly submissions: Submissions
  readonly volumes: Volumes
  /** Several sandboxes from compose files. */
  readonly stacks: Stacks
  /** One-off tasks. */
  readonly runs: Runs
  /** Templates from Dockerfiles. */
  readonly builds: Builds
  /** Images from and to other registries. */
  readonly images: Images
  /** Credentials for them. */
  readonly registries: Registries
  /** API keys. */
  readonly keys: Keys
  /** What happens in the tenant. */
  readonly events: Events
  /** Where that is sent. */
  readonly webhooks: Webhooks
  readonly #http: Http

  /** Connects to nothing yet. @throws TypeError when the URL is none */
  constructor(options: ClocheOptions = {}) {
    const url = new URL(options.url ?? globalThis.location?.origin)
    const origin = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    // A browser's fetch wants to be called on its window.
    this.#http = new Http(origin, options.apiKey, options.fetch ?? globalThis.fetch.bind(globalThis))
    this.sandboxes = new Sandboxes(this.#http)
    this.snapshots = new Snapshots(this.#http)
    this.schedules = new Schedules(this.#http)
    this.classes = new Classes(this.#http)
    this.assignments = new Assignments(this.#http)
    this.lessons = new Lessons(this.#http)
    this.submissions = new Submissions(this.#http)
    this.volumes = new Volumes(this.#http)
    this.stacks = new Stacks(this.#http)
    this.runs = new Runs(this.#http)
    this.builds = new Builds(this.#http)
    this.images = new Images(this.#http)
    this.registries = new Registries(this.#http)
    this.keys = new Keys(this.#http)
    this.events = new Events(this.#http)
    this.webhooks = new Webhooks(this.#http)
  }

  /** Who calls, and for which tenant. @throws Unauthenticated */
  me(): Promise<Me> {
    return this.#http.json({ method: 'GET', path: '/me' })
  }

  /** Where SSH is answered; null while it is off. */
  async sshServer(): Promise<SshServer | null> {
    const { server } = await this.#http.json<{ server: SshServer | null }>({ method: 'GET', path: '/ssh' })
    return server
  }

  /** What sandboxes can be made from: the tenant's own (`own` is not null), and what everybody has. */
  async templates(): Promise<Template[]> {
    return (await this.#http.json<{ templates: Template[] }>({ method: 'GET', path: '/templates' })).templates
  }

  /**
   * Makes a template of an OCI image for the tenant, or replaces its own of that name.
   *
   * @param archive an OCI layout or what `docker save` writes, as a tar, plain or compressed with gzip
   * @param options `reference`: which image of the archive, where it has several. `everyone`: for every tenant, which operators
   * may; then `node` is the id of the node that is to have it, where there are several
   * @throws InvalidRequest that says what is wrong with the image
   * @throws QuotaExceeded when its layers are more than the tenant has left of disk
   * @throws Forbidden when it is for everyone and the caller is no operator
   * @throws Conflict while others are being made, or when it is for everyone and the name is that of a recipe
   * @example
   * const archive = new Uint8Array(await readFile('app.tar'))
   * await cloche.importTemplate('app', archive, { description: 'our app' })
   */
  importTemplate(
    name: string,
    archive: Content,
    options: {
      reference?: string
      description?: string
      everyone?: boolean
      node?: string
      signal?: AbortSignal
    } = {},
  ): Promise<Template> {
    const { signal, everyone, ...query } = options
    const path = `${templates(everyone)}/${encodeURIComponent(name)}/image`
    return this.#http.json({ method: 'PUT', path, query, body: archive, signal })
  }

  /**
   * A template as an OCI image: a tar that is an OCI layout and what `docker save` writes, made while it is read. `importTemplate`,
   * `docker load`, `podman load` and skopeo take it.
   *
   * @throws NotFound
   * @throws Conflict while too many images are exported
   * @throws InvalidRequest for files that no image has a form for
   * @example
   * for await (const part of await cloche.exportTemplate('app')) process.stdout.write(part)
   */
  async exportTemplate(name: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const path = `/templates/${encodeURIComponent(name)}/image`
    return bodyOf(await this.#http.send({ method: 'GET', path, signal }))
  }

  /**
   * Builds a template from a Dockerfile and waits for its end.
   *
   * @param context a tar with the Dockerfile in it, plain or compressed with gzip
   * @param options `onEvent` is given each step and what it prints
   * @returns the build, whose `status` says whether there is a template
   * @throws InvalidRequest with the line of the Dockerfile that is not right or not supported
   */
  async buildTemplate(
    name: string,
    context: Content,
    { onEvent, ...options }: StartBuild & { onEvent?: (event: BuildEvent) => void } = {},
  ): Promise<BuildDescription> {
    const { id } = await this.builds.start(name, context, options)
    const { signal } = options
    for await (const event of this.builds.events(name, id, signal === undefined ? {} : { signal }))
      onEvent?.(event)
    return this.builds.describe(name, id)
  }

  /**
   * Makes a template of an image that was pushed to the registry of this server, or of a snapshot; or replaces the tenant's own of that name.
   *
   * @param from `image`: such as `app:1.0` or `app@sha256:…`; `snapshot`: the id of a snapshot, which may be deleted afterwards
   * @throws NotFound when there is no such image or snapshot
   * @throws QuotaExceeded when its layers are more than the tenant has left of disk
   */
  createTemplate(
    name: string,
    { description, ...from }: ({ image: string } | { snapshot: string }) & { description?: string },
  ): Promise<Template> {
    return this.#http.json({ method: 'POST', path: '/templates', json: { name, from, description } })
  }

  /**
   * Deletes a template of the tenant, or with `everyone` one that an operator has imported for every tenant.
   * @throws Conflict while a sandbox or a snapshot uses it, with their ids
   * @throws NotFound
   */
  deleteTemplate(
    name: string,
    { everyone, node }: { everyone?: boolean; node?: string } = {},
  ): Promise<void> {
    const path = `${templates(everyone)}/${encodeURIComponent(name)}`
    return this.#http.done({ method: 'DELETE', path, query: { node } })
  }

  /** What runs can be written in, with exact versions. */
  async languages(): Promise<Language[]> {
    return (await this.#http.json<{ items: Language[] }>({ method: 'GET', path: '/languages' })).items
  }

  /** What the tenant may have, and what its sandboxes hold of it now. */
  quota(): Promise<QuotaStatus> {
    return this.#http.json({ method: 'GET', path: '/quota' })
  }

  /**
   * What the tenant used, by the hour.
   *
   * @param span 24 hours up to now if absent; at most 366 days
   * @example
   * const { hours } = await cloche.usage({ from: new Date('2026-01-01'), to: new Date('2026-02-01') })
   * const cpuHours = hours.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / 3600
   */
  usage({ from, to }: { from?: Date; to?: Date } = {}): Promise<UsageReport> {
    const query = { from: from?.toISOString(), to: to?.toISOString() }
    return this.#http.json({ method: 'GET', path: '/usage', query })
  }

  /** What the tenant has on disks now: bytes of sandboxes, snapshots and volumes, and of these what nothing else shares. */
  diskUse(): Promise<DiskUse> {
    return this.#http.json({ method: 'GET', path: '/usage/disk' })
  }

  /** Who did what, newest first. */
  audit(): AsyncGenerator<AuditEvent, void, undefined> {
    return pages(this.#http, '/audit')
  }
}

/** Whose templates a call is about. */
const templates = (everyone = false) => (everyone ? '/admin/templates' : '/templates')
