-- Which manifests name a blob is asked for every old blob.
CREATE INDEX registry_manifest_refs_idx ON registry_manifest USING GIN (refs);
