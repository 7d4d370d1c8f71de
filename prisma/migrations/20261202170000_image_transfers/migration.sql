-- Images on their way from and to other registries, and what tenants sign in there with.
CREATE TABLE registry_credential (
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  host TEXT NOT NULL,
  username TEXT NOT NULL,
  password BYTEA NOT NULL,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT registry_credential_pkey PRIMARY KEY ("tenantId", host)
);

CREATE TABLE image_transfer (
  id TEXT NOT NULL,
  "tenantId" TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE ON UPDATE CASCADE,
  direction TEXT NOT NULL,
  remote TEXT NOT NULL,
  image TEXT NOT NULL,
  template TEXT,
  status TEXT NOT NULL DEFAULT 'running',
  error TEXT,
  digest TEXT,
  canceled BOOLEAN NOT NULL DEFAULT false,
  "createdBy" TEXT,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "endedAt" TIMESTAMP(3),
  "touchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT image_transfer_pkey PRIMARY KEY (id)
);
CREATE INDEX "image_transfer_tenantId_createdAt_id_idx" ON image_transfer ("tenantId", "createdAt", id);
CREATE INDEX "image_transfer_status_touchedAt_idx" ON image_transfer (status, "touchedAt");

CREATE TABLE image_transfer_event (
  "transferId" TEXT NOT NULL REFERENCES image_transfer (id) ON DELETE CASCADE ON UPDATE CASCADE,
  number INTEGER NOT NULL,
  event TEXT NOT NULL,
  CONSTRAINT image_transfer_event_pkey PRIMARY KEY ("transferId", number)
);
