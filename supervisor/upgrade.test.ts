import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminQuarantine } from '../protocol/api/index.js'
import { run } from '../runtime/linux/spawn.js'
import { closeDisk, openDisk } from '../runtime/rootfs/disk.js'
import { createVolume } from '../runtime/rootfs/volume.js'
import { TestClient } from '../testing/client.js'
import { TestInstance } from './testing/instance.js'

/**
 * What the version of November 2026 (commit 45f1497) left in CLOCHE_HOME at `bin/down`: the database with an operator,
 * an API key, a second user, two sandboxes, a run and an audit log; the sandboxes' records; their disks as files.
 */
const state = {
  archive: 'supervisor/testing/fixtures/state-2026-11.tar.xz',
  instance: 'oldst',
  /** The image layer that the sandboxes are on. It is as large as the image, so here it is today's under that name. */
  layer: 'base-ffa23f1b913f8011',
  volumes: ['b0', 'b1'],
  apiKey: 'clk_sI8I0z7vOD4VG6bqcpnoHVCFdgSu1gMMMvYuCqkfR94',
  user: { email: 'ann@example.org', password: 'a long enough password' },
  sandboxes: { desk: 'sb_yw712pwv6ph2k6zm4cm1', stopped: 'sb_a1qh91zjkbdc1sc4k4ea' },
  run: 'rn_fqbcz48x830bv8vc5r0b',
} as const
const mib = 1024 ** 2

/** Lays the state out in `home`, as if the old version had run there. */
async function layOut(home: string, instance: string): Promise<void> {
  mkdirSync(home, { recursive: true })
  await run('chmod', ['711', home])
  const volumes = join(home, 'volumes')
  await run('tar', ['-C', home, '--numeric-owner', '-xJf', state.archive])
  const disk = await openDisk(home, 4)
  for (const name of state.volumes) {
    const volume = join(disk, 'sandboxes', name)
    createVolume(volume, 256 * mib)
    await run('cp', ['-a', '--no-target-directory', join(volumes, name), volume])
    const record = join(home, 'boxes', name, 'record.json')
    writeFileSync(record, readFileSync(record, 'utf8').replace(`/${state.instance}/`, `/${instance}/`))
  }
  await run('rm', ['-rf', volumes])
  const layer = join(disk, 'layers', state.layer)
  mkdirSync(layer)
  await run('tar', ['-C', layer, '-xf', process.env.CLOCHE_TEST_IMAGE ?? ''])
  await closeDisk(home)
}

describe('an installation of November 2026', { timeout: 300_000 }, () => {
  let instance: TestInstance
  const call = async (method: string, path: string, body?: object) =>
    (
      await TestClient.withKey(`http://127.0.0.1:${instance.port}`, state.apiKey).call(
        method,
        `/api/v1${path}`,
        body,
      )
    ).body
  const exec = (id: string, command: string) => call('POST', `/sandboxes/${id}/exec`, { command })

  beforeAll(async () => {
    instance = await TestInstance.make('g')
    await layOut(instance.home, instance.name)
    const { code, said } = await instance.up({ CLOCHE_POOL_SIZE: '0' })
    expect(code, said).toBe(0)
  }, 300_000)
  afterAll(() => instance.remove())

  it('keeps its sandboxes, stopped as they were left, and sets none aside', async () => {
    expect((await call('GET', '/sandboxes')).items).toMatchObject([
      { id: state.sandboxes.stopped, name: 'stopped', state: 'stopped', network: 'none' },
      { id: state.sandboxes.desk, name: 'desk', state: 'stopped', network: 'internet' },
    ])
    expect(adminQuarantine.parse(await call('GET', '/admin/quarantine'))).toEqual({
      unreachable: [],
      entries: [],
      unknown: [],
      disks: [],
    })
    expect(await call('GET', '/admin/installation')).toMatchObject({ state: 'paired', problem: null })
  })

  it('keeps their files, links and environment', async () => {
    const { desk, stopped } = state.sandboxes
    for (const id of [desk, stopped]) {
      expect(await call('POST', `/sandboxes/${id}/start`)).toMatchObject({ state: 'running' })
    }
    expect(await exec(desk, 'cat project/link; sha256sum -c sum; echo $GREETING')).toMatchObject({
      stdout: 'kept\nrandom: OK\nhello\n',
    })
    expect(await exec(stopped, 'cat second.txt')).toMatchObject({ stdout: 'second\n' })
  })

  it('keeps its runs and its audit log', async () => {
    expect(await call('GET', `/runs/${state.run}`)).toMatchObject({
      status: 'ok',
      metadata: { course: 'one' },
    })
    const actions = (await call('GET', '/audit')).items
    expect(actions).toContainEqual(
      expect.objectContaining({
        action: 'sandbox.stop',
        target: state.sandboxes.stopped,
        actor: 'key first operator',
      }),
    )
  })

  it('lets its users sign in with the password that they had', async () => {
    const url = `http://127.0.0.1:${instance.port}`
    const signIn = (password: string) =>
      fetch(`${url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url },
        body: JSON.stringify({ email: state.user.email, password }),
      })
    expect((await signIn(state.user.password)).status).toBe(200)
    expect((await signIn('not the password')).status).toBe(401)
  })

  it('has the same state after another stop and start', async () => {
    expect((await instance.bin('down')).code).toBe(0)
    expect(readdirSync(join(instance.home, 'boxes')).toSorted()).toEqual(['b0', 'b1'])
    expect((await instance.up({ CLOCHE_POOL_SIZE: '0' })).code).toBe(0)
    await call('POST', `/sandboxes/${state.sandboxes.desk}/start`)
    expect(await exec(state.sandboxes.desk, 'cat notes.txt')).toMatchObject({ stdout: 'kept\n' })
    expect(existsSync(join(instance.home, 'quarantine'))).toBe(true)
  })
})
