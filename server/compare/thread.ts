import { parentPort } from 'node:worker_threads'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { type CompareAnswer, type CompareRequest, compareRequest } from './messages.js'

/** The thread itself: a program of its own, so that it loads nothing else. What takes too long its owner ends. */
parentPort?.on('message', (message: unknown) =>
  parentPort?.postMessage(answerTo(compareRequest.parse(message))),
)

parentPort?.postMessage('ready')

const diffMs = 1500

function answerTo(request: CompareRequest): CompareAnswer {
  if (request.act === 'diff') {
    const { path, before, after } = request
    const options = { context: 3, timeout: diffMs, headerOptions: FILE_HEADERS_ONLY }
    return {
      patch:
        createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, options) ?? null,
    }
  }
  try {
    return { matches: new RegExp(request.pattern, 'mu').test(request.text) }
  } catch {
    return { matches: null }
  }
}
