#!/usr/bin/env bash
# Says what this machine has.
set -euo pipefail
echo "Hello from $(hostname)."
echo "Processors: $(nproc)"
free -h | awk '/^Mem:/ { print "Memory:     " $2 " (" $7 " free)" }'
df -h . | awk 'NR == 2 { print "Disk:       " $4 " free" }'
