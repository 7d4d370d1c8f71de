import { run } from '../linux/spawn.js'

/** One entry of a tree, with all that an archive carries of it. */
export interface SnapshotEntry {
  readonly type: string
  readonly mode: string
  /** Nanoseconds since 1970, as text. */
  readonly modified: string
  readonly size: number
  readonly sha: string
  readonly target: string
  /** The names of the same file in this tree, its own among them. */
  readonly links: readonly string[]
  readonly xattrs: Readonly<Record<string, string>>
}

/** In Python, since Node reads neither xattrs nor exact times of links. Names are written with `%XX` for odd bytes. */
const program = `
import hashlib, json, os, stat, sys, urllib.parse
top = os.fsencode(sys.argv[1])
quoted = lambda raw: urllib.parse.quote_from_bytes(raw, safe="/ .~+,;:=@()<>#")
found, links = {}, {}
def see(path, name):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    entry = {"type": oct(kind), "mode": oct(stat.S_IMODE(s.st_mode)), "modified": str(s.st_mtime_ns), "size": 0, "sha": "", "target": "", "links": [], "xattrs": {}}
    if kind == stat.S_IFLNK:
        entry["target"] = quoted(os.readlink(path))
    else:
        entry["xattrs"] = {n: os.getxattr(path, n).hex() for n in os.listxattr(path) if n.startswith("user.")} if kind in (stat.S_IFREG, stat.S_IFDIR) else {}
    if kind == stat.S_IFREG:
        entry["size"] = s.st_size
        sha = hashlib.sha256()
        if s.st_size <= 1 << 26:
            with open(path, "rb") as file:
                while block := file.read(1 << 20): sha.update(block)
        entry["sha"] = sha.hexdigest()
    if kind != stat.S_IFDIR: links.setdefault((s.st_dev, s.st_ino), []).append(quoted(name))
    entry["ino"] = (s.st_dev, s.st_ino)
    found[quoted(name)] = entry
for directory, names, files in os.walk(top):
    for name in names + files:
        path = os.path.join(directory, name)
        see(path, os.path.relpath(path, top))
for entry in found.values(): entry["links"] = sorted(links.get(entry.pop("ino"), []))
json.dump(found, sys.stdout, sort_keys=True)
`

/** What is below a directory of the host; also below `/proc/PID/root`. */
export async function snapshot(directory: string): Promise<Record<string, SnapshotEntry>> {
  return JSON.parse(await run('python3', ['-c', program, directory]))
}
