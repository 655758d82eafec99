# To be sourced, in a mount and network namespace of its own: a root directory that holds the distribution's /usr and
# nothing else.
#   make_root ROOT TARBALL     unpacks TARBALL to ROOT/root/artifact
make_root() {
  root=$1
  mount --make-rprivate /
  mount -t tmpfs none "$root"
  mkdir -p "$root/usr" "$root/etc" "$root/var/log" "$root/tmp" "$root/root/artifact" "$root/proc" "$root/dev" \
    "$root/opt" "$root/run"
  mount --rbind /usr "$root/usr"
  mount -o remount,bind,ro "$root/usr"
  mount -t tmpfs none "$root/usr/local"
  for link in bin sbin lib lib32 lib64 libx32; do [ -L "/$link" ] && ln -s "usr/$link" "$root/$link"; done
  mount -t proc none "$root/proc"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' > "$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
  touch "$root/etc/shadow" "$root/etc/gshadow"
  if [ -d /etc/alternatives ]; then cp -R /etc/alternatives "$root/etc/"; fi
  ip link set lo up
  tar --extract --gzip --no-same-owner --file "$2" --directory "$root/root/artifact"
}
