const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Starts a git server inside, with a project that has a README and, when it is given, a devcontainer.json. It wants ann's password. */
export const gitServer = (
  devcontainer = '',
) => `git init -q --bare --initial-branch=main /tmp/served/project.git
git -C /tmp/served/project.git config http.receivepack true
git clone -q /tmp/served/project.git /tmp/first 2>/dev/null; cd /tmp/first
git switch -q --orphan main; echo hello > README; ${devcontainer && `printf %s ${quoted(devcontainer)} > .devcontainer.json;`} git add .
git -c user.name=A -c user.email=a@example.org commit -qm first; git push -q origin main
cat > /tmp/server.py <<'PY'
import base64, os, subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get('authorization') != 'Basic ' + base64.b64encode(b'ann:right-word').decode():
            self.send_response(401); self.send_header('www-authenticate', 'Basic realm="git"')
            self.send_header('content-length', '0'); self.end_headers(); return
        path, _, query = self.path.partition('?')
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        env = dict(os.environ, GIT_PROJECT_ROOT='/tmp/served', GIT_HTTP_EXPORT_ALL='1', PATH_INFO=path, QUERY_STRING=query,
            REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get('content-type', ''), REMOTE_USER='ann',
            GIT_PROTOCOL=self.headers.get('git-protocol', ''), HTTP_CONTENT_ENCODING=self.headers.get('content-encoding', ''))
        head, _, rest = subprocess.run(['git', 'http-backend'], input=body, env=env, capture_output=True).stdout.partition(b'\\r\\n\\r\\n')
        self.send_response(200)
        for line in head.decode().split('\\r\\n'):
            name, _, value = line.partition(': ')
            if name != 'Status': self.send_header(name, value)
        self.send_header('content-length', str(len(rest))); self.end_headers(); self.wfile.write(rest)
    do_POST = do_GET
ThreadingHTTPServer(('127.0.0.1', 8418), Handler).serve_forever()
PY
(setsid python3 /tmp/server.py > /dev/null 2>&1 &)
for i in $(seq 100); do python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8418))' 2>/dev/null && break; sleep 0.1; done`
