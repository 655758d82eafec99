#!/bin/sh
# Installs the service from the folder this script lies in; run it as root, again for each new version. Fetches nothing, starts nothing.
# An existing configuration stays as it is.
set -eu
umask 022
here=$(dirname "$(readlink -f "$0")")

if ! id vpc-mirror > /dev/null 2>&1; then
  useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /sbin/nologin --comment 'Rebuilder of mirrored traffic' vpc-mirror
fi

# Beside the running version first, then in its place.
rm -rf /opt/vpc-mirror.new
mkdir -p /opt/vpc-mirror.new/bin
cp -R "$here/app" "$here/VERSION" "$here/LICENSES.txt" /opt/vpc-mirror.new/
[ -d "$here/node" ] && cp -R "$here/node" /opt/vpc-mirror.new/
cp "$here/rebuilder" /opt/vpc-mirror.new/bin/rebuilder
chown -R root:root /opt/vpc-mirror.new
chmod -R u=rwX,go=rX /opt/vpc-mirror.new
rm -rf /opt/vpc-mirror
mv /opt/vpc-mirror.new /opt/vpc-mirror

mkdir -p /etc/vpc-mirror /etc/systemd/system /etc/logrotate.d
[ -e /etc/vpc-mirror/wallarm-node-conf.yaml ] || cp "$here/wallarm-node-conf.yaml" /etc/vpc-mirror/wallarm-node-conf.yaml
cp "$here/vpc-mirror-rebuilder.service" /etc/systemd/system/vpc-mirror-rebuilder.service
cp "$here/vpc-mirror.logrotate" /etc/logrotate.d/vpc-mirror

# Where systemd runs (not in a container image or a chroot).
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
echo "installed $(cat /opt/vpc-mirror/VERSION); start it with: systemctl enable --now vpc-mirror-rebuilder"
