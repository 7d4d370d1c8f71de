import { parentPort } from 'node:worker_threads'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { Collection } from '../similarity/collection.js'
import { type CompareAnswer, type CompareRequest, compareRequest } from './messages.js'

/** The thread itself: a program of its own, so that it loads nothing else. What takes too long its owner ends. */
parentPort?.on('message', (message: unknown) =>
  parentPort?.postMessage(answerTo(compareRequest.parse(message))),
)

parentPort?.postMessage('ready')

const diffMs = 1500
/** Of the owner that compares hand-ins: each has a thread for one comparison. */
const collection = new Collection()

function answerTo(request: CompareRequest): CompareAnswer {
  if (request.act === 'diff') {
    const { path, before, after } = request
    const options = { context: 3, timeout: diffMs, headerOptions: FILE_HEADERS_ONLY }
    return {
      patch:
        createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, options) ?? null,
    }
  }
  if (request.act === 'regex') return found(request)
  if (request.act === 'compare') return { comparison: collection.compare() }
  if (request.act === 'starter') collection.addStarter(request.files)
  else collection.add(request.files)
  return { comparison: null }
}

function found(request: { readonly pattern: string; readonly text: string }): CompareAnswer {
  try {
    return { matches: new RegExp(request.pattern, 'mu').test(request.text) }
  } catch {
    return { matches: null }
  }
}
