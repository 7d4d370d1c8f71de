-- Volumes and snapshots on nodes that no row knows, or whose record cannot be read, and since when that is known.
CREATE TABLE orphan_disk (
  id TEXT NOT NULL,
  "nodeId" TEXT NOT NULL,
  at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT orphan_disk_pkey PRIMARY KEY ("nodeId", id),
  CONSTRAINT "orphan_disk_nodeId_fkey" FOREIGN KEY ("nodeId") REFERENCES node (id) ON DELETE CASCADE ON UPDATE CASCADE
);
