#!/bin/sh
# A real S3 server for the tests: Ceph's RADOS Gateway with one monitor and one storage daemon that keeps everything in memory.
#   start-ceph.sh PORT MONITOR_PORT FOLDER
# Prints READY when it answers, runs in the foreground, ends everything on SIGTERM. FOLDER must be new; nothing outlives it.
# Virtual-hosted addresses are BUCKET.localhost:PORT. Installs nothing: see .ci/system-packages.
set -eu
port=$1 monitor_port=$2 folder=$3
for program in radosgw radosgw-admin ceph ceph-mon ceph-osd monmaptool; do
    command -v $program >/dev/null || { echo "error: $program not found (Debian: apt install radosgw ceph-mon ceph-osd)" >&2; exit 2; }
done
mkdir "$folder"
mkdir "$folder/mon" "$folder/osd" "$folder/rgw" "$folder/run"
plugins=$(dirname "$(find /usr/lib* -type d -name rados-classes 2>/dev/null | head -1)")
cluster=$(cat /proc/sys/kernel/random/uuid) storage=$(cat /proc/sys/kernel/random/uuid)
cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $cluster
mon host = v2:127.0.0.1:$monitor_port
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = $folder/run
crash dir = $folder/run
admin socket =
pid file =
log file = /dev/null
mon cluster log file = /dev/null
log to stderr = false
plugin dir = $plugins/ceph
osd class dir = $plugins/rados-classes
erasure code dir = $plugins/ceph/erasure-code
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = true
mon max pg per osd = 1000
[mon]
mon data = $folder/mon
paxos propose interval = 0.05
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 2
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd memory target = 939524096
osd class load list = *
osd class default list = *
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw dns name = localhost
rgw enable usage log = false
rgw run sync thread = false
rgw thread pool size = 64
CONF
conf="-c $folder/ceph.conf" daemons='' as=''
[ "$(id -u)" != 0 ] || as='--setuser root --setgroup root'
finish() {
    trap - EXIT TERM INT
    # memory only: there is nothing to write back, and an orderly end takes half a minute
    [ -z "$daemons" ] || kill -9 $daemons 2>/dev/null || true
    wait || true
    exit "$1"
}
trap 'finish $?' EXIT
trap 'finish 0' TERM INT
monmaptool $conf --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$monitor_port/0]" "$folder/monmap" --clobber >/dev/null
ceph-mon $conf --mkfs -i a --monmap "$folder/monmap" $as
ceph-mon $conf -i a -f $as &
daemons="$daemons $!"
ceph $conf --connect-timeout 30 osd new "$storage" >/dev/null
ceph-osd $conf -i 0 --mkfs --osd-uuid "$storage" $as 2>/dev/null
ceph-osd $conf -i 0 -f $as &
daemons="$daemons $!"
until ceph $conf osd stat 2>/dev/null | grep -q '1 up'; do sleep 0.1; done
radosgw-admin $conf -n client.rgw user create --uid=test --display-name=test --access-key="$S3_ACCESS_KEY" --secret-key="$S3_SECRET_KEY" >/dev/null 2>&1
radosgw $conf -n client.rgw -f &
gateway=$!
daemons="$daemons $gateway"
# any answer at all: without credentials it is a refusal, which is one
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
    kill -0 $gateway 2>/dev/null || { echo "error: radosgw ended" >&2; exit 1; }
    sleep 0.1
done
echo READY
# `wait` returns at once for a signal, and then the trap runs
wait $gateway
echo "error: radosgw ended" >&2
exit 1
