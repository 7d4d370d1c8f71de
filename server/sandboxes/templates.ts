import { type Limits, type LimitsRequest, limits, type Template } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** The runtime's templates change when somebody builds one. */
const freshMs = 5000

/** What sandboxes can be made from, as the runtime says. */
export class Templates {
  #list: Promise<Template[]> | undefined
  #readAt = 0

  constructor(private readonly runtime: RuntimeClient) {}

  list(): Promise<Template[]> {
    if (this.#list === undefined || performance.now() - this.#readAt > freshMs) {
      const reading = this.runtime.templates()
      this.#list = reading
      this.#readAt = performance.now()
      reading.catch(() => {
        if (this.#list === reading) this.#list = undefined
      })
    }
    return this.#list
  }

  /**
   * What a sandbox of a template gets when it asks for `wanted`.
   * @throws ApiError `template_unavailable` that names what there is
   */
  async limits(name: string, wanted: LimitsRequest = {}): Promise<Limits> {
    const all = await this.list()
    const template = all.find((one) => one.name === name)
    if (template === undefined) {
      const there = all.map((one) => one.name).join(', ') || 'none yet'
      throw new ApiError('template_unavailable', `template ${name} not found; available: ${there}`)
    }
    return limits.parse({ ...template.defaults, ...wanted })
  }
}
