#!/bin/sh
# Runs a program in a view of its own of the file system. Called by confine.ts inside a new mount namespace:
#   confine.sh [hide DIRECTORY | ro SOURCE TARGET | rw SOURCE TARGET]… -- PROGRAM…
# hide forgets what is mounted at or below a directory, so that a program that lives long keeps nothing of it
# alive; ro and rw show a file or directory at another place.
set -eu
while [ "$1" != -- ]; do
  if [ "$1" = hide ]; then
    while read -r _ _ _ _ target _; do
      case $target in
        "$2" | "$2"/*)
          # The host may have unmounted it meanwhile, which is seen here as well.
          if ! umount --lazy "$target" 2>/dev/null && mountpoint --quiet "$target"; then
            echo "cannot hide $target" >&2
            exit 1
          fi
          ;;
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
