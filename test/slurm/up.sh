#!/bin/bash
# up.sh DIR: a Slurm of its own on this machine, in the empty folder DIR: munge with a key of its own, a controller, three
# nodes of four CPUs, a partition, and one whose jobs push those of the other aside. Ports are free ones; needs root and
# slurm-wlm, no systemd. `--accounting DIR`: with slurmdbd and a MariaDB of its own (packages slurmdbd, mariadb-server). The
# last line is SLURM_CONF=PATH.
set -euo pipefail
accounting=
[ "$1" = --accounting ] && { accounting=1; shift; }
dir=$(cd "$1" && pwd)
chmod 755 "$dir"
cd "$dir"
mkdir -p state spool log munge

# The kernel names ports that are free; nobody else takes them in the next moment.
ports=($(python3 -c 'import socket
open = [socket.socket() for _ in range(6)]
for each in open: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in open))'))

dd if=/dev/urandom of=munge/key bs=1024 count=1 2>/dev/null
chmod 700 munge; chmod 600 munge/key
munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
  --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" >/dev/null
chmod 711 munge

host=$(hostname -s)
cat >slurm.conf <<CONF
ClusterName=trial
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that is requeued may begin once its credential has expired.
AuthInfo=socket=$dir/munge/socket,cred_expire=10
SlurmctldPort=${ports[0]}
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmdSpoolDir=$dir/spool/%n
StateSaveLocation=$dir/state
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
SchedulerParameters=batch_sched_delay=1,sched_interval=5
${accounting:+AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePass=$dir/munge/socket
AccountingStoragePort=${ports[4]}}
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=4 RealMemory=4000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=4 RealMemory=4000
NodeName=n3 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[3]} CPUs=4 RealMemory=4000
PartitionName=main Nodes=n1,n2,n3 Default=YES PriorityTier=1 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=n1,n2,n3 PriorityTier=10 MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$dir/slurm.conf

if [ -n "$accounting" ]; then
  cat >slurmdbd.conf <<CONF
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=${ports[4]}
SlurmUser=root
LogFile=$dir/log/slurmdbd.log
PidFile=$dir/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=${ports[5]}
StorageUser=slurm
StoragePass=trial
CONF
  chmod 600 slurmdbd.conf
  mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$dir/database" --skip-test-db >log/mariadb-install.log 2>&1
  setsid mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/database" --socket="$dir/mariadb.socket" \
    --bind-address=127.0.0.1 --port="${ports[5]}" --pid-file="$dir/mariadb.pid" >log/mariadb.log 2>&1 </dev/null &
  sql() { mariadb --no-defaults --socket="$dir/mariadb.socket" -e "$1"; }
  for _ in $(seq 100); do sql 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
  sql "CREATE USER slurm@'127.0.0.1' IDENTIFIED BY 'trial'; GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';
    CREATE USER slurm@localhost IDENTIFIED BY 'trial'; GRANT ALL ON slurm_acct_db.* TO slurm@localhost;"
  slurmdbd
  for _ in $(seq 100); do sacctmgr -n show cluster >/dev/null 2>&1 && break; sleep 0.2; done
fi
slurmctld
for node in n1 n2 n3; do slurmd -N "$node"; done
until=$((SECONDS + 30))
while [ "$SECONDS" -lt "$until" ]; do
  [ "$(sinfo -h -p main -t idle -o %D 2>/dev/null)" = 3 ] && break
  sleep 0.2
done
[ "$(sinfo -h -p main -t idle -o %D)" = 3 ] || { echo "no three idle nodes: $(sinfo -h -N)" >&2; exit 1; }
echo "SLURM_CONF=$dir/slurm.conf"
