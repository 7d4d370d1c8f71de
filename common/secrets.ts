import { readFileSync } from 'node:fs'

/**
 * Settings that are secret may be given by a file, so that they are in no process's environment: `NAME_FILE` names it, as
 * systemd's `LoadCredential=` or a container's secrets provide one. A value in the environment goes before it.
 *
 * @returns `env` with the content of those files under their names
 * @throws Error that names the variable when its file cannot be read
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const found = { ...env }
  for (const name of ['CLOCHE_SECRET', 'CLOCHE_SSH_SECRET', 'CLOCHE_SSH_PRIVATE_KEY', 'DATABASE_URL']) {
    const file = env[`${name}_FILE`]
    if (found[name] || !file) continue
    try {
      found[name] = readFileSync(file, 'utf8').trim()
    } catch (error) {
      throw new Error(`the file that ${name}_FILE names cannot be read`, { cause: error })
    }
  }
  return found
}
