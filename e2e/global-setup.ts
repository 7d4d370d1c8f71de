import type { FullConfig } from '@playwright/test'
import { TestClient } from '../testing/client.js'
import { openInstance } from '../testing/instance.js'
import { type Shared, share } from './shared.js'

const suffixes = ['brow', 'brox', 'broy', 'broz']

/** An instance for each worker, and in each two people who know nothing of each other. Gives the way to take them down. */
export default async function setUp({ workers }: FullConfig): Promise<() => Promise<void>> {
  const opened = await Promise.all(suffixes.slice(0, workers).map(open))
  share(opened.map(({ shared }) => shared))
  return async () => {
    await Promise.all(opened.map(({ instance }) => instance[Symbol.asyncDispose]()))
  }
}

async function open(suffix: string) {
  const instance = await openInstance(suffix)
  const [ann, ben] = await Promise.all([
    TestClient.signUp(instance.url, 'ann@example.test'),
    TestClient.signUp(instance.url, 'ben@example.test'),
  ])
  const shared: Shared = {
    url: instance.url,
    name: instance.name,
    admin: { email: instance.admin.email, password: instance.admin.password },
    ann: { email: 'ann@example.test', cookie: ann.extraHeaders.cookie ?? '' },
    ben: { email: 'ben@example.test', cookie: ben.extraHeaders.cookie ?? '' },
  }
  return { instance, shared }
}
