import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { readQuestion, writeAnswer } from '../network/dns.js'

/**
 * A host of a test's world, run in a network namespace of its own: answers `here <its address>` on TCP (on port
 * 9 when it has been sent everything, on 443 it never stops, on 53 it waits), says nothing on UDP, knows some names on port 53,
 * and prints who came.
 */
const counts = new Map<string, number>()
const { tcp = [], udp = [], names } = JSON.parse(process.argv[2] ?? '{}')

for (const port of tcp) {
  createServer({ allowHalfOpen: true }, (socket) => {
    console.log(`tcp ${socket.remoteAddress} ${port}`)
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {})
    if (port === 443) pour(socket)
    else if (port === 9) socket.once('end', () => socket.end('here'))
    else if (port === 53) socket.once('end', () => socket.end())
    else socket.end(`here ${socket.localAddress}\n`)
  }).listen(port, '0.0.0.0')
}
for (const port of udp) {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => count(`udp ${from.address} ${port} ${message.length}`))
  socket.bind(port)
}
if (names !== undefined) {
  const dns = createSocket('udp4')
  dns.on('message', (message, from) => {
    const question = readQuestion(message)
    if (question === undefined) return
    count(`dns ${from.address} ${question.name}`)
    const addresses = names[question.name]
    // 3: there is no such name
    const answer = writeAnswer(
      question,
      addresses === undefined ? 3 : 0,
      question.address ? addresses : [],
      60,
    )
    dns.send(answer, from.port, from.address)
  })
  dns.bind(53)
}
setTimeout(() => console.log('ready'), 100)

/** A flood is told in few lines, or whoever reads them is flooded as well. */
function count(line: string): void {
  if (counts.size === 0) {
    setTimeout(() => {
      for (const [what, times] of counts) console.log(times === 1 ? what : `${what} x${times}`)
      counts.clear()
    }, 20)
  }
  counts.set(line, (counts.get(line) ?? 0) + 1)
}

/** Sends as fast as it is taken. */
function pour(socket: import('node:net').Socket): void {
  const block = Buffer.alloc(65_536)
  const more = () => {
    while (!socket.destroyed && socket.write(block));
  }
  socket.on('drain', more)
  more()
}
