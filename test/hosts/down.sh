#!/bin/sh
# down.sh NAME: the hosts of up.sh are gone. Ends no process.
for i in 1 2 3; do ip netns del "$1-$i"; done
ip link del "$1"
