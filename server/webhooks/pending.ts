/** What waits of a webhook ($1) has failed, for a reason ($2): nobody sends it any more, unless it is replayed. */
export const failPending = `UPDATE webhook_delivery SET state = 'failed', "dueAt" = NULL, "leaseUntil" = NULL, lease = lease + 1, error = $2
  WHERE "webhookId" = $1 AND "dueAt" IS NOT NULL`
