import type { TestClient } from '../testing/client.js'

/** @throws Error when the answer is not 2xx */
export async function ask(
  who: TestClient,
  method: string,
  path: string,
  body?: object | string | Uint8Array<ArrayBuffer>,
  headers?: Readonly<Record<string, string>>,
) {
  const answer = await who.call(method, `/api/v1${path}`, body, headers)
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}
