#!/bin/sh
# A copy of this machine's root directory that forgets what is written to it, as the disk of an instance that boots for
# the first time, in namespaces with loopback and nothing else. Then runs the rest of the command line, with the copy's
# path at its end.
#   root.sh FOLDER COMMAND…      (run by: unshare --mount --net --pid --fork --kill-child)
set -eu
folder=$1
shift

mount --make-rprivate /
mount -t tmpfs none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay none -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
mount -t proc none "$folder/root/proc"
mount --rbind /dev "$folder/root/dev"
# The checkout may be on a disk of its own: its virtual environments are used inside.
mount --rbind "$PWD" "$folder/root$PWD"
ip link set lo up
# Not exec: this shell is the first process here, and buries the services whose parents have gone.
"$@" "$folder/root"
