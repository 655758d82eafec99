#!/bin/sh
# Installs a tarball in a clean root and runs the service there as its own user, in namespaces without any network but
# loopback. Then runs PROBE outside of that root, in the same network.
#   clean-root.sh TARBALL ROOT PROBE…      (run by: unshare --mount --net --pid --fork --kill-child)
set -eu
tarball=$1 root=$2
shift 2
. "$(dirname "$0")/root.sh"
make_root "$root" "$tarball"

chroot "$root" /root/artifact/vpc-mirror/install.sh
cp "$CONFIG" "$root/etc/vpc-mirror/wallarm-node-conf.yaml"
rm -rf "$root/root/artifact"
# What LogsDirectory= of the unit does.
chroot "$root" install -d -o vpc-mirror -g vpc-mirror /var/log/vpc-mirror

command=$(sed -n 's/^ExecStart=//p' "$root/etc/systemd/system/vpc-mirror-rebuilder.service")
user=$(chroot "$root" id -u vpc-mirror)
env -i PATH=/usr/sbin:/usr/bin chroot "$root" \
  setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all $command &
service=$!
status=0
SERVICE_PID=$service SERVICE_ROOT=$root "$@" || status=$?
kill -TERM "$service" 2> /dev/null || true
wait "$service" || stopped=$?
cat "$root"/var/log/vpc-mirror/*.log || true
echo "service ended with ${stopped:-0}"
exit "$status"
