/**
 * Calls that no API key may make: about people's own accounts, about tenants with their members and keys, and what only students do.
 * `auth/permissions.ts` decides, and a test keeps this list like it.
 */
export const onlyPeople: ReadonlySet<string> = new Set([
  ...['listReceivedShares', 'acceptShare', 'leaveShare'],
  ...['startAssignment', 'checkAssignment', 'listOwnWork', 'tellExamEvent', 'createSubmission'],
  ...['listOwnLessons', 'raiseHand', 'lowerHand'],
  ...['createTenant', 'renameTenant', 'activateTenant', 'deleteTenant'],
  ...['updateMember', 'removeMember', 'createInvitation', 'acceptInvitation', 'deleteInvitation'],
  ...['previewGrant', 'createGrant', 'listSshKeys', 'addSshKeys', 'removeSshKey'],
  ...['addLtiPlatform', 'changeLtiPlatform', 'removeLtiPlatform', 'inviteLtiPlatform'],
  ...['updateAccount', 'deleteAccount', 'previewAccountDeletion', 'changePassword'],
  ...['listSessions', 'endOtherSessions', 'endSession'],
])
