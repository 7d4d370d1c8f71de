import type { TextKey } from '../../messages/texts'

/** Every action of the audit log, and the text by which the filter offers it. */
const actions = {
  'sandbox.create': 'audit.actions.sandboxCreate',
  'sandbox.create_failed': 'audit.actions.sandboxCreateFailed',
  'sandbox.update': 'audit.actions.sandboxUpdate',
  'sandbox.pause': 'audit.actions.sandboxPause',
  'sandbox.resume': 'audit.actions.sandboxResume',
  'sandbox.stop': 'audit.actions.sandboxStop',
  'sandbox.start': 'audit.actions.sandboxStart',
  'sandbox.delete': 'audit.actions.sandboxDelete',
  'sandbox.sleep': 'audit.actions.sandboxSleep',
  'sandbox.restart': 'audit.actions.sandboxRestart',
  'sandbox.wake': 'audit.actions.sandboxWake',
  'sandbox.expire': 'audit.actions.sandboxExpire',
  'sandbox.restore': 'audit.actions.sandboxRestore',
  'sandbox.fork': 'audit.actions.sandboxFork',
  'share.create': 'audit.actions.shareCreate',
  'share.accept': 'audit.actions.shareAccept',
  'share.change': 'audit.actions.shareChange',
  'share.leave': 'audit.actions.shareLeave',
  'share.delete': 'audit.actions.shareDelete',
  'snapshot.create': 'audit.actions.snapshotCreate',
  'snapshot.rename': 'audit.actions.snapshotRename',
  'snapshot.image': 'audit.actions.snapshotImage',
  'snapshot.delete': 'audit.actions.snapshotDelete',
  'image.push': 'audit.actions.imagePush',
  'image.delete': 'audit.actions.imageDelete',
  'template.import': 'audit.actions.templateImport',
  'template.snapshot': 'audit.actions.templateSnapshot',
  'template.delete': 'audit.actions.templateDelete',
  'stack.create': 'audit.actions.stackCreate',
  'stack.start': 'audit.actions.stackStart',
  'stack.stop': 'audit.actions.stackStop',
  'stack.delete': 'audit.actions.stackDelete',
  'volume.create': 'audit.actions.volumeCreate',
  'volume.change': 'audit.actions.volumeChange',
  'volume.write': 'audit.actions.volumeWrite',
  'volume.snapshot': 'audit.actions.volumeSnapshot',
  'volume.delete': 'audit.actions.volumeDelete',
  'volume.delete_snapshot': 'audit.actions.volumeDeleteSnapshot',
  'template.build': 'audit.actions.templateBuild',
  'template.buildEnd': 'audit.actions.templateBuildEnd',
  'template.buildCancel': 'audit.actions.templateBuildCancel',
  'terminal.open': 'audit.actions.terminalOpen',
  'terminal.close': 'audit.actions.terminalClose',
  'lsp.open': 'audit.actions.lspOpen',
  'port.share': 'audit.actions.portShare',
  'exec.start': 'audit.actions.execStart',
  'process.start': 'audit.actions.processStart',
  'process.kill': 'audit.actions.processKill',
  'file.write': 'audit.actions.fileWrite',
  'file.delete': 'audit.actions.fileDelete',
  'file.move': 'audit.actions.fileMove',
  'file.copy': 'audit.actions.fileCopy',
  'file.chmod': 'audit.actions.fileChmod',
  'file.sign': 'audit.actions.fileSign',
  'file.append': 'audit.actions.fileAppend',
  'file.make_directory': 'audit.actions.fileMakeDirectory',
  'archive.write': 'audit.actions.archiveWrite',
  'run.cancel': 'audit.actions.runCancel',
  'run.delete': 'audit.actions.runDelete',
  'member.invite': 'audit.actions.memberInvite',
  'member.uninvite': 'audit.actions.memberUninvite',
  'member.join': 'audit.actions.memberJoin',
  'member.change': 'audit.actions.memberChange',
  'member.remove': 'audit.actions.memberRemove',
  'tenant.create': 'audit.actions.tenantCreate',
  'tenant.rename': 'audit.actions.tenantRename',
  'tenant.audit_commands': 'audit.actions.tenantAuditCommands',
  'tenant.idle': 'audit.actions.tenantIdle',
  'tenant.quota': 'audit.actions.tenantQuota',
  'tenant.pause': 'audit.actions.tenantPause',
  'tenant.resume': 'audit.actions.tenantResume',
  'key.create': 'audit.actions.keyCreate',
  'key.delete': 'audit.actions.keyDelete',
  'account.password': 'audit.actions.accountPassword',
  'account.reset_link': 'audit.actions.accountResetLink',
  'account.reset': 'audit.actions.accountReset',
  'account.delete': 'audit.actions.accountDelete',
} as const satisfies Record<string, TextKey>
export type Action = keyof typeof actions

export function isAction(name: string): name is Action {
  return Object.hasOwn(actions, name)
}

/** In the order of the filter. */
const kinds = [
  ...(['sandbox', 'share', 'snapshot', 'volume', 'stack', 'image', 'template', 'terminal', 'exec'] as const),
  ...(['process', 'lsp', 'file', 'port', 'archive', 'run', 'member', 'key', 'tenant', 'account'] as const),
]

/** What the filter offers: kinds, and the actions of each with their texts. */
export const actionChoices = kinds.map((kind) => ({
  kind,
  actions: Object.entries(actions)
    .filter(([action]) => action.startsWith(`${kind}.`))
    .map(([action, text]) => ({ action, text })),
}))
