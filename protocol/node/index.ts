/**
 * What a node answers, as HTTP on a unix socket, and to servers on other machines over TLS 1.3 that both sides authenticate. Errors are `runtimeError` with the status code
 * of the same name in HTTP.
 * A server names the version that it speaks (`version.ts`); one that the node does not speak is refused
 * with `runtime_unavailable`, but for the first two calls and `POST /shutdown`.
 *
 * | call | body | answer |
 * |---|---|---|
 * | GET /healthz | | 200 |
 * | GET /node | | `nodeDescription` |
 * | GET /templates | | `{templates: template[]}`: those that are for everybody |
 * | GET /templates/unlisted | | `{names}`: the others, of which the server knows for whom they are |
 * | GET /pools | | `poolsStatus` |
 * | PUT /pools/schedules/:name | `poolSchedule` | 201 or 200 `keptSchedule`; 409 overlapping, 422 beyond the budget |
 * | DELETE /pools/schedules/:name | | 204 (also when there is none) |
 * | POST /pools/warm | `warmRequest` | 201 `keptWarm`; 422 beyond the budget |
 * | PUT /pools/warm/:id | `warmRequest` | `keptWarm`: the same, under an id that the caller says; again: changed |
 * | DELETE /pools/warm/:id | | 204 (also when there is none) |
 * | POST /templates/reload | | 204: a template was built; read them again |
 * | POST /layers/collect | | `{removed}`: layers that nothing uses are removed now |
 * | DELETE /templates/:name?used= | | 204 (also when there is none); 409 while something uses it, unless `used=true`, or it is built from a recipe |
 * | PUT /templates/:name/image?reference=&description=&listed=&bytesMax= | an archive, as it arrives | 201 `nodeTemplate`: its image is a template of this node now; 400 what is wrong with it; 422 when its files are more than `bytesMax` |
 * | POST /builds | `nodeBuild` as a line of JSON, then a tar | 200, a stream of `nodeBuildEvent`, see `builds.ts`; 400 what is wrong with the Dockerfile |
 * | GET /content/uploads/:id | | `contentUpload`; 404 when it is not there, or the node has started since |
 * | PATCH /content/uploads/:id?offset=&bytesMax= | bytes | `contentUpload`: appended; 416 when `offset` is not its end |
 * | POST /content/uploads/:id/finish | `finishUpload` | 204: it is the blob with this digest now; 400 when it has another one, 409 when it has another size |
 * | DELETE /content/uploads/:id | | 204 |
 * | GET, DELETE /content/:space/:digest | | its bytes, or the part that `Range` names; 204 |
 * | POST /templates/:name/content | `contentImage` | 201 `nodeTemplate`: an image of blobs that are here |
 * | POST /templates/:name/snapshot | `snapshotTemplate` | 201 `nodeTemplate`: the disk of a snapshot is a template now |
 * | GET /templates/:name/image, /snapshots/:id/image | | `nodeImage`: what an image of it is made of |
 * | GET /templates/:name/layers/:layer, /snapshots/:id/layers/:layer | | a layer as a tar of an image; `own` is what the snapshot has beyond its template |
 * | PUT /layers/:layer/blob | `layerBlob` | 204: the layer as a blob, so that it need not be packed again |
 * | GET /sandboxes | | `{sandboxes: runtimeSandbox[]}`: claimed ones only |
 * | PUT /sandboxes/:id | `claim` | 201 `runtimeSandbox`; 200 when this tenant has it already |
 * | GET, DELETE /sandboxes/:id | | `runtimeSandbox`; 204 (also when it is gone already) |
 * | PATCH /sandboxes/:id | `change` | `runtimeSandbox` |
 * | POST /sandboxes/:id/pause, resume, start | | `runtimeSandbox` |
 * | POST /sandboxes/:id/stop | `stopSandbox`, may be empty | `runtimeSandbox` |
 * | PUT /sandboxes/:id/service | `wantService` | `runtimeSandbox`: its service is started now, or not with the next start; 409 when it has none |
 * | PUT /sandboxes/:id/snapshots/:sid | | 201 `nodeSnapshot`; 200 when it is there already |
 * | POST /sandboxes/:id/rollback | `rollbackRequest` | `nodeSnapshot` of the disk as it was; 409 unless the sandbox is stopped |
 * | GET /sandboxes/:id/changes?limit=N | | `diskChanges` |
 * | GET /snapshots | | `nodeSnapshots` |
 * | DELETE /snapshots/:id | | 204 (also when it is gone already) |
 * | GET /disk-use | | `nodeDiskUse` |
 * | GET /volumes | | `nodeVolumes`, snapshots of volumes among them |
 * | PUT /volumes/:id | `makeVolume` | 201 `nodeVolume`; 200 when this tenant has it already |
 * | PATCH /volumes/:id | `resizeVolume` | `nodeVolume`; 422 when it holds more |
 * | DELETE /volumes/:id | | 204 (also when it is gone already); 409 while a sandbox has it |
 * | /volumes/:id/files, tree, archive | | as of a sandbox, without watch and signed URLs |
 * | POST /volumes/:id/search | `searchVolume` | 200, frames as of exec; the volume is at `/volume` |
 * | PUT /tenants/:id/quota | `quota` | 204: the tenant's cgroup is held to it; 422 and no change when more is in use |
 * | GET /tenants/:id | | `runtimeTenant`; 404 when it has no sandbox here |
 * | POST /tenants/:id/pause, resume | | `runtimeTenant`: all its sandboxes at once |
 * | POST /sandboxes/:id/exec | `execRequest` | 200, a stream of frames (`frames.ts`): stdout, stderr, exit |
 * | /sandboxes/:id/files, tree, archive | | see `../api/files.ts` |
 * | GET /quarantine | | `{entries: quarantineEntry[]}` |
 * | POST /sandboxes/:id/quarantine | `quarantineRequest` | 200 `quarantineEntry`: stopped, and set aside with its disk |
 * | POST /quarantine/:id/restore | `restoreRequest` | 200 `runtimeSandbox`, stopped; 409 when it cannot be |
 * | DELETE /quarantine/:id | | 204: deleted for good |
 * | GET /orphan-disks | | `nodeOrphanDisks`: volumes and snapshots whose record cannot be read |
 * | POST /orphan-disks/:id/restore | `restoreDiskRequest` | 200 `restoredNodeDisk`; 409 when it cannot be |
 * | DELETE /orphan-disks/:id | | 204: deleted for good, also one whose record can be read; 409 while a sandbox has it |
 * | PUT /installation | `{id, node}` | 204: the node belongs to this installation from now on, under this id of its own |
 * | POST /runs | `runtimeRun` | 200, a stream of `runtimeRunEvent`, see `runs.ts` |
 * | GET /sandboxes/:id/ports | | `listeningPorts` |
 * | GET /sandboxes/:id/ports/:port/connect | `Upgrade: cloche-port` | 101, then the bytes of that port both ways |
 * | POST /terminals/thumbnails | `thumbnailsRequest` | `nodeThumbnails`: what terminals of many sandboxes show |
 * | GET, POST /sandboxes/:id/terminals | `openTerminal` | `{terminals}`; 201 `terminal` |
 * | DELETE /sandboxes/:id/terminals/:tid | | 204 |
 * | GET /sandboxes/:id/processes | | `{processes: process[]}`, terminals among them |
 * | POST /sandboxes/:id/processes | `startNodeProcess` | 201 `process` |
 * | GET /sandboxes/:id/processes/:pid?waitMs=N | | `process`, as soon as it has ended or the time is over |
 * | DELETE /sandboxes/:id/processes/:pid | | 204: killed, and forgotten |
 * | POST /sandboxes/:id/processes/:pid/signal | `signalProcess` | 204 |
 * | POST /sandboxes/:id/processes/:pid/resize | `terminalSize` | 204 |
 * | GET /sandboxes/:id/processes/:pid/attach?since=N | `Upgrade: cloche-process` | 101, then frames of output |
 * | GET /sandboxes/:id/processes/:pid/stdin | `Upgrade: cloche-process` | 101, then frames of input |
 * | GET /sandboxes/:id/terminals/:tid/attach?since=N | `Upgrade: cloche-terminal` | 101, then frames both ways |
 */

export * from './archives.js'
export * from './builds.js'
export * from './certificates.js'
export * from './content.js'
export * from './disk-use.js'
export * from './error.js'
export * from './frames.js'
export * from './images.js'
export * from './orphan-disks.js'
export * from './ports.js'
export * from './processes.js'
export * from './quarantine.js'
export * from './ranges.js'
export * from './recipe.js'
export * from './runs.js'
export * from './sandboxes.js'
export * from './snapshots.js'
export * from './templates.js'
export * from './terminals.js'
export * from './thumbnails.js'
export * from './version.js'
export * from './volumes.js'
