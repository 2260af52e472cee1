#!/bin/sh
# up.sh NAME SUBNET: three hosts on one machine. Network namespaces NAME-1 to NAME-3 with addresses SUBNET.1 to SUBNET.3 on one
# bridge. Needs root and iproute2. NAME: at most 10 letters; SUBNET: as 10.77.0.
set -e
name=$1 subnet=$2
ip link add "$name" type bridge
ip link set "$name" up
for i in 1 2 3; do
  ip netns add "$name-$i"
  ip link add "${name}v$i" type veth peer name eth0 netns "$name-$i"
  ip link set "${name}v$i" master "$name" up
  ip -n "$name-$i" addr add "$subnet.$i/24" dev eth0
  ip -n "$name-$i" link set eth0 up
  ip -n "$name-$i" link set lo up
done
