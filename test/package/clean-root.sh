#!/bin/sh
# Installs a tarball in a root directory that holds the distribution's /usr and nothing else, and runs the service there as its own user,
# in namespaces without any network but loopback. Then runs PROBE outside of that root, in the same network.
#   clean-root.sh TARBALL ROOT PROBE…      (run by: unshare --mount --net --pid --fork --kill-child)
set -eu
tarball=$1 root=$2
shift 2

mount --make-rprivate /
mount -t tmpfs none "$root"
mkdir -p "$root/usr" "$root/etc" "$root/var/log/vpc-mirror" "$root/tmp/artifact" "$root/proc" "$root/dev" "$root/opt"
mount --rbind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount -t tmpfs none "$root/usr/local"
for link in bin sbin lib lib32 lib64 libx32; do [ -L "/$link" ] && ln -s "usr/$link" "$root/$link"; done
mount -t proc none "$root/proc"
for device in null zero urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
echo 'root:x:0:0::/:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
touch "$root/etc/shadow" "$root/etc/gshadow"
if [ -d /etc/alternatives ]; then cp -R /etc/alternatives "$root/etc/"; fi
ip link set lo up

tar --extract --gzip --no-same-owner --file "$tarball" --directory "$root/tmp/artifact"
chroot "$root" /tmp/artifact/vpc-mirror/install.sh
cp "$CONFIG" "$root/etc/vpc-mirror/wallarm-node-conf.yaml"
rm -rf "$root/tmp/artifact"
# What LogsDirectory= of the unit does.
chroot "$root" chown vpc-mirror:vpc-mirror /var/log/vpc-mirror

command=$(sed -n 's/^ExecStart=//p' "$root/etc/systemd/system/vpc-mirror-rebuilder.service")
user=$(chroot "$root" id -u vpc-mirror)
env -i PATH=/usr/sbin:/usr/bin chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all $command &
service=$!
status=0
SERVICE_PID=$service SERVICE_ROOT=$root "$@" || status=$?
kill -TERM "$service" 2> /dev/null || true
wait "$service" || stopped=$?
cat "$root"/var/log/vpc-mirror/*.log || true
echo "service ended with ${stopped:-0}"
exit "$status"
