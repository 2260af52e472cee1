#!/bin/sh
# on.sh NAME I COMMAND...: the command on host I, which has a name and shared memory of its own.
host=$1-$2
shift 2
exec ip netns exec "$host" unshare --uts --mount sh -c \
  'hostname "$1" && mount -t tmpfs none /dev/shm && shift && exec "$@"' sh "$host" "$@"
