#!/bin/sh
# Installs the rebuilder from the folder this script lies in, or brings an installed one up to it. --help says how.
set -eu
umask 022

program=/opt/vpc-mirror
configuration=/etc/vpc-mirror
conf=$configuration/wallarm-node-conf.yaml
logs=/var/log/vpc-mirror
backups=/opt/vpc-mirror-backups
unit=vpc-mirror-rebuilder.service
units=/etc/systemd/system
command=/usr/local/bin/rebuilder
here=$(dirname "$(readlink -f "$0")")

usage() {
  cat << END
Usage: install.sh [--config FILE] [--capture-interface] [--start]
       install.sh --interactive
       install.sh --uninstall

Installs the rebuilder of mirrored traffic as a systemd service, or brings an
installed one up to this version. Run it as root. It fetches nothing.

  --config FILE        the configuration of the service; default: the one that is
                       there, else a standard one, which lacks only the endpoint
  --capture-interface  let the service read packets of network interfaces
                       (from_interface); not needed for VXLAN and GENEVE
  --start              start it now and with the machine
  --interactive        ask what is needed
  --uninstall          stop it and remove it; configuration, logs and backups stay
  --help               show this help

  $program          program
  $conf
  $logs      logs
  $backups  what an upgrade replaced: program, configuration, logs

Exit codes: 0 done; 1 failed; 2 a mistake in the options or in the configuration,
and nothing was changed.
END
}

say() { echo "install.sh: $*"; }
fail() { say "$@" >&2; exit 1; }
mistake() { say "$@" >&2; exit 2; }

# Where systemd runs: not in a container image or a chroot.
has_systemd() { [ -d /run/systemd/system ]; }
runs() { has_systemd && systemctl is-active --quiet "$unit"; }

new_conf='' start='' capture='' action=install
while [ $# -gt 0 ]; do
  case $1 in
    --config) [ $# -ge 2 ] || mistake '--config needs a file; see install.sh --help'; new_conf=$2; shift ;;
    --config=*) new_conf=${1#--config=} ;;
    --capture-interface) capture=yes ;;
    --start) start=yes ;;
    --interactive) action=interactive ;;
    --uninstall) action=uninstall ;;
    -h | --help) usage; exit 0 ;;
    *) mistake "unknown option $1; see install.sh --help" ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || fail "it changes $program and the services of this machine: run it as root, such as with sudo"

uninstall() {
  [ -e "$program" ] || [ -e "$units/$unit" ] || fail "nothing to remove: $program is not there"
  if has_systemd; then systemctl disable --now --quiet "$unit" 2> /dev/null || systemctl stop "$unit" || true; fi
  if [ "$(readlink "$command" 2> /dev/null)" = "$program/bin/rebuilder" ]; then rm -f "$command"; fi
  rm -rf "$program" "${units:?}/$unit" "${units:?}/$unit.d" /etc/logrotate.d/vpc-mirror
  if has_systemd; then systemctl daemon-reload; systemctl reset-failed "$unit" 2> /dev/null || true; fi
  left=''
  for folder in "$configuration" "$logs" "$backups"; do [ ! -e "$folder" ] || left="$left $folder"; done
  say "removed. Left: the user vpc-mirror, and what is in$left"
}

# Asks a question; the answer in $answer, $2 when there is none.
ask() {
  printf '%s' "$1" >&2
  IFS= read -r answer || fail 'no answer: without a terminal, leave --interactive out'
  answer=${answer:-$2}
}

# Sets new_conf, capture and start from answers.
interview() {
  ask "Configuration [$([ -e "$conf" ] && echo "keep $conf" || echo 'answer four questions')], or a file of yours: " ''
  if [ -n "$answer" ]; then
    new_conf=$answer
  elif [ ! -e "$conf" ]; then
    ask 'Detection nodes, http://host:port [set later]: ' ''
    endpoint=$answer
    case $endpoint in *[\"\&\|\\]*) mistake "$endpoint is not http://host:port" ;; esac
    ask 'Mirrored packets come 1) as VXLAN to UDP 4789 (AWS), 2) from a network interface (SPAN, TAP, VLAN) [1]: ' 1
    case $answer in
      1) source='from_vxlan: {enabled: true, listen_addr: 0.0.0.0:4789}' ;;
      2)
        ask "Interface, of $(ls /sys/class/net | tr '\n' ' '): " any
        [ "$answer" = any ] || [ -e "/sys/class/net/$answer" ] || mistake "there is no interface $answer"
        source="from_interface: {enabled: true, interface: $answer}"
        capture=yes ;;
      *) mistake "$answer is neither 1 nor 2" ;;
    esac
    new_conf=$work/wallarm-node-conf.yaml
    sed -e "s|^  from_vxlan: .*|  $source|" -e "s|endpoint: \"\"|endpoint: \"$endpoint\"|" \
      "$here/wallarm-node-conf.yaml" > "$new_conf"
  fi
  ask 'Start it now and with the machine? [Y/n] ' y
  case $answer in [Yy]*) start=yes ;; *) start='' ;; esac
}

# Everything that can fail for want of something, before anything is changed.
prepare() {
  [ -z "$start" ] || has_systemd || fail 'systemd does not run here, so nothing can be started: leave --start out'
  [ -z "$new_conf" ] || [ -f "$new_conf" ] || mistake "$new_conf: there is no such file"
  mkdir -p "$program.new"
  cp -R "$here/." "$program.new/"
  chown -R root:root "$program.new"
  chmod -R u=rwX,go=rX "$program.new"
  "$program.new/bin/rebuilder" --version > /dev/null || fail 'nothing was changed'
  checked=$new_conf
  if [ -z "$checked" ] && [ -e "$conf" ]; then checked=$conf; fi
  if [ -n "$checked" ]; then
    # One that only lacks its endpoint is installed: the service waits for it.
    "$program.new/bin/rebuilder" check "$checked" > "$work/checked" || grep -q ': no mistakes$' "$work/checked" \
      || mistake "nothing was changed: mend $checked first"
    sed -n 's/^.*: before it can run: /install.sh: before it can run: /p' "$work/checked"
  fi
  # It may be the very file that is written to.
  if [ -n "$new_conf" ]; then cp "$new_conf" "$work/conf"; fi
  if ! id vpc-mirror > /dev/null 2>&1; then
    useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /sbin/nologin \
      --comment 'Rebuilder of mirrored traffic' vpc-mirror
  fi
}

# What this replaces, under the date.
back_up() {
  [ -e "$program" ] || { [ -n "$new_conf" ] && [ -e "$conf" ]; } || return 0
  backup=$backups/$(date -u +%Y-%m-%dT%H-%M-%SZ)
  mkdir -p "$backups"
  while ! mkdir -m 700 "$backup" 2> /dev/null; do sleep 1; backup=$backups/$(date -u +%Y-%m-%dT%H-%M-%SZ); done
  if [ -e "$configuration" ]; then cp -a "$configuration" "$backup/configuration"; fi
  if [ -e "$logs" ]; then cp -a "$logs" "$backup/logs"; fi
  if [ -e "$program" ]; then mv "$program" "$backup/program"; fi
  say "what was here is in $backup"
}

install_all() {
  was_running=''
  if runs; then was_running=yes; fi
  back_up
  mv "$program.new" "$program"
  mkdir -p "$configuration" "$units" /etc/logrotate.d "$(dirname "$command")"
  if [ -n "$new_conf" ]; then
    cat "$work/conf" > "$conf"
  elif [ ! -e "$conf" ]; then
    cp "$program/wallarm-node-conf.yaml" "$conf"
  fi
  cp "$program/$unit" "$units/$unit"
  cp "$program/vpc-mirror.logrotate" /etc/logrotate.d/vpc-mirror
  if [ -n "$capture" ] || [ -e "$units/$unit.d/capture-interface.conf" ]; then
    mkdir -p "$units/$unit.d"
    cp "$program/capture-interface.conf" "$units/$unit.d/capture-interface.conf"
  fi
  if [ ! -e "$command" ] || [ -L "$command" ]; then
    ln -sfn "$program/bin/rebuilder" "$command"
  else
    say "$command is somebody else's and stays; the command is $program/bin/rebuilder"
  fi
  if has_systemd; then systemctl daemon-reload; fi
  if [ -n "$start" ]; then systemctl enable --quiet "$unit"; fi
  # One that runs goes on with the new version: it delivers what it holds first.
  if [ -n "$start$was_running" ]; then
    systemctl restart "$unit"
    next=' and started'
  else
    next="; start it with: systemctl enable --now ${unit%.service}"
  fi
  say "installed $(cat "$program/VERSION")$next"
}

work=$(mktemp -d)
trap 'rm -rf "$work" "$program.new"' EXIT
case $action in
  uninstall) uninstall ;;
  interactive) interview; prepare; install_all ;;
  install) prepare; install_all ;;
esac
