/** Why packets cannot be captured from an interface, in one sentence that says how to fix it. */
export class InterfaceError extends Error {
  override readonly name = 'InterfaceError';
}

export const LIBPCAP_MISSING = 'needs libpcap, which is not on this machine; install it with: '
  + 'dnf install libpcap (Amazon Linux, Fedora), apt-get install libpcap0.8 (Debian, Ubuntu) or apk add libpcap (Alpine)';

export const RIGHTS_MISSING = 'needs the right to read raw packets: install the service with install.sh --capture-interface, '
  + 'run as root, or allow it to this Node.js with: sudo setcap cap_net_raw+eip "$(readlink -f "$(which node)")"';
