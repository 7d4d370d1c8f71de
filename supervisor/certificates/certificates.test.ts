import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseCall } from '../../cli/command.js'
import { nodeCertificate } from '../commands/node-certificate.js'

const [serverAuth, clientAuth] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']
const dayMs = 86_400_000

describe('cloche node certificate', () => {
  let home: string
  const at = (name: string) => join(home, 'certificates', name)
  const read = (name: string) => new X509Certificate(readFileSync(at(name)))
  const make = (...words: string[]) => nodeCertificate.run(parseCall(nodeCertificate, words))
  const days = (name: string) => (Date.parse(read(name).validTo) - Date.now()) / dayMs

  beforeAll(async () => {
    home = mkdtempSync('/tmp/certificates-')
    vi.stubEnv('CLOCHE_HOME', home)
    for (const say of ['log', 'error'] as const) vi.spyOn(console, say).mockImplementation(() => {})
    expect(await make('--server')).toBe(0)
    expect(await make('10.0.0.7', 'node7.example.org', 'fd00::7')).toBe(0)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    rmSync(home, { recursive: true, force: true })
  })

  it('makes an authority that others cannot use, and what it signs for one purpose each', () => {
    const ca = read('ca.pem')
    expect([ca.ca, ca.checkIssued(ca)]).toEqual([true, true])
    for (const name of ['server.pem', 'node-10.0.0.7.pem']) {
      expect([read(name).ca, read(name).verify(ca.publicKey)]).toEqual([false, true])
      expect(days(name)).toBeGreaterThan(364)
    }
    expect(read('server.pem').keyUsage).toEqual([clientAuth])
    expect(read('node-10.0.0.7.pem').keyUsage).toEqual([serverAuth])
    expect(read('node-10.0.0.7.pem').subjectAltName).toBe(
      'IP Address:10.0.0.7, DNS:node7.example.org, IP Address:FD00:0:0:0:0:0:0:7',
    )
    for (const name of ['ca.key', 'server.key', 'node-10.0.0.7.key']) {
      expect(statSync(at(name)).mode & 0o137).toBe(0)
    }
    expect(statSync(at('ca.key')).mode & 0o777).toBe(0o600)
  })

  it('renews a certificate with a key of its own, and keeps the authority', async () => {
    const [ca, before] = [read('ca.pem'), read('server.pem')]
    await make('--server', '--days', '30')
    const after = read('server.pem')
    expect(read('ca.pem').fingerprint256).toBe(ca.fingerprint256)
    expect(after.verify(ca.publicKey)).toBe(true)
    expect(after.publicKey.equals(before.publicKey)).toBe(false)
    expect(after.serialNumber).not.toBe(before.serialNumber)
    expect(days('server.pem')).toBeLessThan(31)
  })

  it.each([[[]], [['--server', '10.0.0.7']]])('takes either hosts or --server, not %j', async (words) => {
    await expect(make(...words)).rejects.toThrow('specify the hosts of one node, or --server')
  })

  it.each(['cloche-server', 'a,DNS:cloche-server', '*.example.org', 'a\nb', '10.0.0.0/8'])(
    'certifies no node as %j',
    async (host) => {
      await expect(make('node8.example.org', host)).rejects.toThrow()
      expect(() => read('node-node8.example.org.pem')).toThrow()
    },
  )
})
