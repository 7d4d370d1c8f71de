import { describe, expect, it } from 'vitest'
import { planOf } from './plan.js'

const plan = (text: string, variables: Record<string, string> = {}) => planOf(text, variables, 'shop').plan
const web = 'services:\n  web:\n    image: base\n'
const only = (lines: string, variables: Record<string, string> = {}, after = '') => {
  const [service] = plan(`${web}${lines.replaceAll(/^/gm, '    ')}\n${after}`, variables).services
  if (service === undefined) throw new Error('there is no service')
  return service
}

describe('a compose file', () => {
  it('is read with everything that is supported', () => {
    const text = `
version: "3.9"
name: ignored
x-usual: &usual
  restart: unless-stopped
  environment: {COLOR: blue, PORT: 80}
services:
  web:
    <<: *usual
    image: python
    entrypoint: ["/usr/bin/env", "python3"]
    command: -m http.server "80 80"
    ports: ["8080:80", 443, "9000/tcp", {target: 9001, published: 1}]
    depends_on: {db: {condition: service_healthy}, job: {condition: service_completed_successfully, required: false}}
    networks: {front: {aliases: [www]}, back: }
    deploy: {resources: {limits: {cpus: "0.5", memory: 256M, pids: 99}}}
    storage_opt: {size: 1.5g}
  job: {image: base, command: "true", restart: "on-failure:3", user: 1000:1000, working_dir: /srv, networks: [back]}
  db:
    image: base
    command: [serve, 7]
    environment: [A=1, "B=x=y", C=]
    healthcheck: {test: "ping -c1 db", interval: 1m30s, timeout: 2s, retries: 5, start_period: 500ms}
    volumes: [data:/data, {type: volume, source: seed, target: /seed, read_only: true}]
    networks: [back]
networks: {front: , back: {internal: true, driver: bridge}}
volumes:
  data: {driver_opts: {size: 2g}}
  seed: {external: true, name: "Seeds of all"}
  unused:
`
    const found = plan(text)
    expect(found.services.map(({ name }) => name)).toEqual(['job', 'db', 'web'])
    const [job, db, page] = found.services
    expect(page).toMatchObject({
      ...{
        image: 'python',
        env: { COLOR: 'blue', PORT: '80' },
        ports: [80, 443, 9000, 9001],
        internal: false,
      },
      ...{ networks: ['front', 'back'], names: ['web', 'www'] },
      limits: { cpus: 0.5, memoryMiB: 256, pids: 99, diskMiB: 1536 },
      service: {
        entrypoint: ['/usr/bin/env', 'python3'],
        command: ['-m', 'http.server', '80 80'],
        restart: 'unless-stopped',
      },
      dependsOn: [
        { service: 'db', condition: 'service_healthy', required: true },
        { service: 'job', condition: 'service_completed_successfully', required: false },
      ],
    })
    expect(job?.service).toMatchObject({ user: '1000:1000', cwd: '/srv', restart: 'on-failure', retries: 3 })
    expect(db).toMatchObject({
      ...{ env: { A: '1', B: 'x=y', C: '' }, internal: true },
      service: {
        command: ['serve', '7'],
        healthcheck: {
          test: ['/bin/sh', '-c', 'ping -c1 db'],
          ...{ intervalSeconds: 90, timeoutSeconds: 2, retries: 5, startPeriodSeconds: 0.5 },
        },
      },
      mounts: [
        { volume: 'data', path: '/data', readOnly: false },
        { volume: 'seed', path: '/seed', readOnly: true },
      ],
    })
    expect(found.volumes).toEqual([
      { key: 'data', name: 'shop_data', external: false, sizeMiB: 2048 },
      { key: 'seed', name: 'Seeds of all', external: true, sizeMiB: null },
    ])
  })

  it('has values in place of variables, and none where it says so', () => {
    const env = (value: string, variables = {}) => only(`environment: {A: '${value}'}`, variables).env.A
    expect(env('$B-${C}', { B: '1', C: '2' })).toBe('1-2')
    expect(env('${B:-x}${B-y}${C:-z}', { B: '' })).toBe('xz')
    expect(env('${B:+set}${C:+set}', { B: '1' })).toBe('set')
    expect(env('$$B', { B: '1' })).toBe('$B')
    expect(() => env('${B}')).toThrow('services.web.environment.A: the variable B has no value')
    expect(() => env('${B:?say B}')).toThrow('services.web.environment.A: say B')
    expect(() => env('100$')).toThrow('write $$ for a dollar sign')
    // What an object has of itself is no variable.
    expect(() => env('${constructor}')).toThrow('the variable constructor has no value')
  })

  it('has the environment of its files, and over it its own', () => {
    const text = `${web}    env_file: [all.env, {path: none.env, required: false}, web.env]\n    environment: {C: "4"}\n`
    const files = {
      'all.env': 'A=1\nB=1\nC=1 # of all\n',
      'web.env': '# of web\nexport B="two words"\nC=3\nD=$A\n',
    }
    const [service] = planOf(text, {}, 'shop', files).plan.services
    // What stands in files is text: nothing in it is a variable.
    expect(service?.env).toEqual({ A: '1', B: 'two words', C: '4', D: '$A' })
    expect(() => planOf(text, {}, 'shop', { 'all.env': '' })).toThrow(
      'web.env_file[2]: the text of "web.env"',
    )
  })

  it('names the templates that are built for it', () => {
    const image = (service: string) => plan(`services: {web_app: ${service}}`).services[0]?.image
    expect(image('{build: ./web}')).toBe('shop-web-app')
    expect(image('{build: {context: web, args: [A=1], target: run}, image: front}')).toBe('front')
    expect(() => image('{build: ., image: "redis:7"}')).toThrow(
      'must be the name of a template that is built',
    )
    expect(() => image('{command: sleep 1}')).toThrow('services.web_app: must have an image or a build')
    expect(() => planOf('services: {web: {build: .}}', {}, '1st')).toThrow('1st-web is no name of a template')
  })

  it('turns a health check off', () => {
    expect(only('healthcheck: {disable: true}').service.healthcheck).toBeNull()
    expect(only('healthcheck: {test: [NONE]}').service.healthcheck).toBeNull()
    expect(only('healthcheck: {test: [CMD, a, b]}').service.healthcheck?.test).toEqual(['a', 'b'])
    expect(only('').service.healthcheck).toBeUndefined()
  })

  it.each([
    ['privileged: true', 'services.web.privileged: is not supported: sandboxes are never privileged'],
    [
      'build: https://example.org/shop.git',
      'services.web.build: must be a directory beside the compose file',
    ],
    ['build: {context: ., ssh: [default]}', 'services.web.build.ssh: is not supported'],
    ['env_file: .env', 'services.web.env_file[0]: the text of ".env" is missing'],
    ['env_file: {path: .env, format: raw}', 'services.web.env_file.format: is not supported'],
    ['network_mode: host', 'services.web.network_mode: is not supported: use networks'],
    ['what: 1', 'services.web.what: is not supported: leave it out'],
    ['volumes: ["./src:/src"]', 'services.web.volumes[0]: mounts a directory of the host'],
    ['volumes: ["/var/run/docker.sock:/s"]', 'services.web.volumes[0]: mounts a directory of the host'],
    ['volumes: ["data:/data"]', 'services.web.volumes[0]: there is no data below volumes'],
    ['volumes: [{type: bind, source: a, target: /b}]', 'services.web.volumes[0].type: must be volume'],
    ['ports: ["53:53/udp"]', 'services.web.ports[0]: must be a port'],
    ['ports: ["127.0.0.1:80:80"]', 'services.web.ports[0]: must be a port'],
    ['ports: ["3000-3005"]', 'services.web.ports[0]: must be a port'],
    ['ports: [70000]', 'services.web.ports[0]: must be a port'],
    ['networks: [other]', 'services.web.networks.other: is not below networks'],
    ['depends_on: [db]', 'services.web.depends_on.db: is no service of this file'],
    ['depends_on: [web]', 'services.web.depends_on: goes in a circle'],
    ['depends_on: {web: {condition: service_ready}}', 'services.web.depends_on.web.condition: '],
    ['command: "echo \\"a"', 'services.web.command: has a quotation mark without an end'],
    ['environment: [HOME]', 'services.web.environment.HOME: has no value: write HOME=${HOME}'],
    ['environment: {"A B": 1}', 'services.web.environment'],
    ['restart: sometimes', 'services.web.restart: must be "no", always'],
    ['user: nobody', 'services.web.user: must be user, root, or numbers'],
    ['user: "65536"', 'services.web.user: must be numbers of at most 65535'],
    ['user: "1:99999"', 'services.web.user: must be numbers of at most 65535'],
    ['working_dir: srv', 'services.web.cwd: must be absolute'],
    ['healthcheck: {test: a, interval: soon}', 'services.web.healthcheck.interval: must be a time'],
    ['healthcheck: {test: a, interval: 1us}', 'services.web.healthcheck.intervalSeconds: '],
    ['healthcheck: {test: [RUN, a]}', 'services.web.healthcheck.test: must be text, or a list'],
    ['mem_limit: lots', 'services.web.mem_limit: must be a size such as 512m'],
    ['cpus: 9999', 'services.web.cpus: '],
    ['deploy: {replicas: 2}', 'services.web.deploy.replicas: is not supported: write a service for each'],
    ['ports: 80', 'services.web.ports: must be a list'],
  ])('with %s is refused with the path', (lines, message) => {
    expect(() => only(lines)).toThrow(message)
  })

  it.each([
    ['services: {}', 'services: has no service'],
    ['{}', 'services: must be a mapping'],
    ['[]', 'the compose file must be a mapping'],
    ['services: {web: }', 'services.web: must be a mapping'],
    ['services: {web: {command: a}}', 'services.web: must have an image or a build'],
    ['services: {Web: {image: base}}', 'services.Web'],
    [`services: {${'a'.repeat(41)}: {image: base}}`, 'services.aaa'],
    [
      'services: {web: {image: base}}\nsecrets: {}',
      'secrets: is not supported: write the value into environment',
    ],
    [
      'services: {web: {image: base}}\nservices: {}',
      'is no YAML at line 2, column 1: the key "services" is there twice',
    ],
    ['services: {web: {image: base, image: base}}', 'column 31: the key "image" is there twice'],
    ['services:\n\t- a', 'is no YAML at line 2'],
    ['services: {web: {image: !!binary aGk=}}', 'neither text, number, list nor mapping'],
    ['services: {web: {image: !custom hi}}', 'is no YAML at line 1'],
    ['services: {web: {image: *none}}', 'has an alias of nothing'],
    [`services: {${Array.from({ length: 17 }, (_, i) => `a${i}: {image: base}`).join(', ')}}`, 'at most 16'],
    [
      'services: {a: {image: b, depends_on: [c]}, c: {image: b, depends_on: [a]}}',
      'goes in a circle: a, c wait',
    ],
    ['services: {web: {image: base, <<: 1}}', 'has a merge key (<<) with something that is no mapping'],
    ['services: {__proto__: {image: base}}', 'has the key __proto__'],
  ])('%s is refused', (text, message) => {
    expect(() => plan(text)).toThrow(message)
  })

  const bomb = (levels: number) =>
    Array.from({ length: levels }, (_, i) =>
      i === 0
        ? 'x-a0: &a0 [x, x, x, x, x, x, x, x, x]'
        : `x-a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')}]`,
    ).join('\n')
  it.each([
    ['aliases that multiply', `${bomb(9)}\n${web}`, /repeats itself too often|more than/],
    ['many aliases', `x-a: &a 1\nx-b: [${Array(500).fill('*a').join(', ')}]\n${web}`, /more than 20 aliases/],
    [
      'empty anchors',
      `x-a: [${Array(2000).fill('&a []').join(', ')}]\nx-b: [${Array(21).fill('*a').join(', ')}]\n${web}`,
      /more than 20 aliases/,
    ],
    ['many values', `x-a: [${'x,'.repeat(5000)}]\n${web}`, /more than 5000 values/],
    [
      'many keys',
      `x-a: {${Array.from({ length: 2600 }, (_, i) => `k${i}: 1`).join(', ')}}\n${web}`,
      /more than 5000 values/,
    ],
    ['an alias of itself', `x-a: &a [*a]\n${web}`, /./],
    [
      'merge keys that multiply',
      `x-a: &a {k: 1}\nx-b: {<<: [${Array(200).fill('*a').join(', ')}]}\n${web}`,
      /aliases/,
    ],
    ['lists in lists', `x-a: ${'['.repeat(30_000)}`, /levels deep|is no YAML/],
    ['mappings in mappings', `x-a: ${'{a: '.repeat(10_000)}`, /levels deep|is no YAML/],
    ['compact lists in lists', `${'- '.repeat(30_000)}a`, /levels deep|is no YAML/],
    ['compact keys in keys', `${'? '.repeat(30_000)}a`, /levels deep|is no YAML/],
    [
      'lines that are ever deeper',
      Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /levels deep/,
    ],
    ['ever deeper with closed brackets', `x-a: ${'['.repeat(200)}${']'.repeat(200)}\n${web}`, /levels deep/],
    ['a file that is too large', `${web}#${'x'.repeat(65_536)}`, /larger than 64 KiB/],
    ['variables that multiply', `${web}    command: "${'$A'.repeat(20_000)}"`, /longer than 256 KiB/],
  ])('with %s is refused, and soon', (_, text, message) => {
    expect(() => planOf(text, { A: 'x'.repeat(30_000) }, 'shop')).toThrow(message)
  })
})
