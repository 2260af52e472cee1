#!/bin/bash
# down.sh DIR: ends what up.sh has started there, by the numbers it has written down.
cd "$1"
for file in slurmd-*.pid slurmctld.pid slurmdbd.pid mariadb.pid munge/pid; do
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null
done
exit 0
