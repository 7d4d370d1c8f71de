# Sourced by the scripts beside it: the Node.js that bin/setup installed for Cloche alone, if it had to, comes first.
own_node=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.cache/node/node_modules/.bin
[ ! -x "$own_node/node" ] || PATH=$(readlink -f "$own_node"):$PATH
unset own_node
