#!/bin/sh
# Boots systemd in a clean root, with a SCENARIO (a shell script) as all there is to do: it runs as root where the
# tarball lies unpacked in /root/artifact; OUTPUT gets what it prints, and its exit code is that of this script.
#   systemd-root.sh TARBALL ROOT SCENARIO OUTPUT
# Run it by: unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child
set -eu
. "$(dirname "$0")/root.sh"
make_root "$2" "$1"
root=$2

mount -t tmpfs none "$root/run"
mkdir -p "$root/sys" "$root/dev/pts" "$root/dev/shm" "$root/etc/systemd/system"
mount -t sysfs none "$root/sys"
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 none "$root/sys/fs/cgroup"
else
  mount -t tmpfs none "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd none "$root/sys/fs/cgroup/systemd"
fi
mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
mount -t tmpfs none "$root/dev/shm"
cp "$3" "$root/root/scenario.sh"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
cat > "$root/etc/systemd/system/scenario.service" << 'END'
[Unit]
DefaultDependencies=no
[Service]
Type=exec
StandardOutput=file:/root/output
StandardError=file:/root/output
ExecStart=/bin/sh -c '/bin/sh /root/scenario.sh; systemctl --no-block exit $?'
END
touch "$root/root/output"
mount --bind "$4" "$root/root/output"
# Not a chroot: from inside one, nobody may make the user namespace that PrivateUsers= asks for.
mkdir "$root/outside"
cd "$root"
pivot_root . outside
exec env -i container=test PATH=/usr/sbin:/usr/bin chroot . sh -c 'umount --lazy /outside
  exec /lib/systemd/systemd --system --unit=scenario.service --log-target=null --show-status=no'
