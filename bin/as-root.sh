# Sourced by the scripts beside it: goes on as root, with this shell's PATH (node may be the caller's own) and Cloche's variables.
if [ "$(uname -s)" != Linux ]; then
  echo "cloche: this is $(uname -s); sandboxes are made of Linux's namespaces and control groups, so Cloche needs Linux (a virtual machine will do)" >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "cloche: this needs root, and there is no sudo here. Type: su -c '$0 $*'" >&2
    exit 1
  fi
  keep=CI,HOST,PORT,DATABASE_URL,LOG_LEVEL,http_proxy,https_proxy,no_proxy
  for name in $(compgen -e CLOCHE_); do keep=$keep,$name; done
  exec sudo --preserve-env="$keep" env "PATH=$PATH" "$0" "$@"
fi
# A person's PATH may lack the programs of root.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
. "$(dirname "${BASH_SOURCE[0]}")/node-path.sh"
