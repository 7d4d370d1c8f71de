import { TestClient } from '../testing/client.js'
import { openInstance } from '../testing/instance.js'
import { share } from './shared.js'

/** One instance for all tests, and two people who know nothing of each other. Gives the way to take it down. */
export default async function setUp(): Promise<() => Promise<void>> {
  const instance = await openInstance('brow')
  const [ann, ben] = await Promise.all([
    TestClient.signUp(instance.url, 'ann@example.test'),
    TestClient.signUp(instance.url, 'ben@example.test'),
  ])
  share({
    url: instance.url,
    name: instance.name,
    admin: { email: instance.admin.email, password: instance.admin.password },
    ann: { email: 'ann@example.test', cookie: ann.extraHeaders.cookie ?? '' },
    ben: { email: 'ben@example.test', cookie: ben.extraHeaders.cookie ?? '' },
  })
  return async () => instance[Symbol.asyncDispose]()
}
