#!/bin/sh
# on.sh NAME I DIR COMMAND...: the command on host I, which has a name, shared memory and a folder of its own. The folder is
# DIR/home there, and DIR/host-I for who looks from outside; those of other hosts are not to be seen.
host=$1-$2 own=$3/host-$2 dir=$3
shift 3
mkdir -p "$own" "$dir/home"
exec ip netns exec "$host" unshare --uts --mount sh -c '
  hostname "$1" && mount -t tmpfs none /dev/shm && mount --bind "$2" "$3/home" || exit 1
  for other in "$3"/host-*; do mount -t tmpfs none "$other" || exit 1; done
  shift 3 && exec "$@"' sh "$host" "$own" "$dir" "$@"
