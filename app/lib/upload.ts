import { refusalOf, Unreachable } from './api'

interface Upload {
  readonly method: 'PUT' | 'POST'
  readonly type?: string
  /** Is told of the bytes that were sent. */
  readonly onProgress: (bytes: number) => void
  readonly signal: AbortSignal
}

/**
 * Sends what may be large to `/api/v1`, and says how far it is: `fetch` does not tell.
 *
 * @returns the answer's JSON
 * @throws ApiError, Unreachable, NotUnderstood; AbortError (a DOMException) when `signal` ends it
 */
export function upload(path: string, body: Blob | FormData, how: Upload): Promise<unknown> {
  const { method, type, onProgress, signal } = how
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const request = new XMLHttpRequest()
    request.open(method, `/api/v1${path}`)
    if (type !== undefined) request.setRequestHeader('content-type', type)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded }) => onProgress(loaded)
    request.onload = () => {
      if (request.status < 300) resolve(request.response)
      // Without a body of the API's it is a proxy that speaks for a server which does not answer.
      else if (request.status >= 502 && request.response === null) reject(new Unreachable())
      else reject(refusalOf(request.status, request.response))
    }
    request.onerror = () => reject(new Unreachable())
    request.onabort = () => reject(signal.reason)
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(body)
  })
}
