import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)

export const greeting = (name) => `Hello, ${name}!`

const server = createServer((request, response) => {
  const name = new URL(request.url, 'http://localhost').searchParams.get('name') ?? 'world'
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(greeting(name))
})
server.listen(port, () => console.log(`listening at http://localhost:${port}`))
