#!/bin/sh
# Runs a program in a view of its own of the file system. Called by confine.ts inside a new mount namespace:
#   confine.sh [hide DIRECTORY | ro SOURCE TARGET | rw SOURCE TARGET]… -- PROGRAM…
# The disks of sandboxes and the roots that are being made from them are forgotten, of every instance, so that a
# program that lives long keeps none of them alive; hide forgets what is mounted at or below a directory as well.
# ro and rw show a file or directory at another place.
set -eu

forget() {
  # The host may have unmounted it meanwhile, which is seen here as well.
  if ! umount --lazy "$1" 2>/dev/null && mountpoint --quiet "$1"; then
    echo "cannot hide $1" >&2
    exit 1
  fi
}

while read -r _ _ _ _ target rest; do
  case "$target $rest" in
    */disk' '*' - btrfs /dev/loop'* | /run/cloche/*/scratch/*) forget "$target" ;;
  esac
done </proc/self/mountinfo
while [ "$1" != -- ]; do
  if [ "$1" = hide ]; then
    while read -r _ _ _ _ target _; do
      case $target in
        "$2" | "$2"/*) forget "$target" ;;
      esac
    done </proc/self/mountinfo
    shift 2
  else
    mount --bind --options "$1" "$2" "$3"
    shift 3
  fi
done
shift
exec "$@"
