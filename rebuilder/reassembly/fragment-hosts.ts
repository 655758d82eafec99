import { type Used, UsageOrder } from './usage-order.ts';

/** A datagram whose fragments are not all there. */
export interface HeldDatagram<D extends Used<D>> extends Used<D> {
  readonly host: Host<D>;
  /** Memory taken, bytes. */
  charged: number;
}

/** Whom fragments are for, and what is held for it: what it may drop has an account of its own. */
interface Host<D extends Used<D>> {
  readonly key: string;
  readonly mayDrop: boolean;
  charged: number;
  readonly datagrams: UsageOrder<D>;
}

/** The last one is that of 2^31 bytes and more. */
const MAGNITUDES = 32;

/**
 * Whose fragments make room where memory is short. A Linux host for which much is held (net.ipv4.ipfrag_high_thresh and
 * net.ipv6.ip6frag_high_thresh: 4 MiB, of which a fragment takes more than here) begins no new datagram, and goes on
 * with those that it has begun: so the newest of that host for which most is held goes. But first go those that hosts
 * may have dropped.
 */
export class FragmentHosts<D extends HeldDatagram<D>> {
  readonly #hosts = new Map<string, Host<D>>();
  /** By the binary order of magnitude of what is held for them. */
  readonly #byCharge = Array.from({ length: MAGNITUDES }, () => new Set<Host<D>>());
  readonly #dropping = new Set<Host<D>>();

  hostOf(address: string, mayDrop: boolean): Host<D> {
    const key = mayDrop ? `${address}?` : address;
    return this.#hosts.get(key) ?? { key, mayDrop, charged: 0, datagrams: new UsageOrder() };
  }

  add(datagram: D): void {
    const { host } = datagram;
    this.#hosts.set(host.key, host);
    host.datagrams.link(datagram);
    this.#setOf(host).add(host);
  }

  charge(datagram: D, bytes: number): void {
    const { host } = datagram;
    datagram.charged += bytes;
    this.#setOf(host).delete(host);
    host.charged += bytes;
    this.#setOf(host).add(host);
  }

  remove(datagram: D): void {
    const { host, charged } = datagram;
    host.datagrams.unlink(datagram);
    this.charge(datagram, -charged);
    if (host.datagrams.oldest !== null) return;
    this.#hosts.delete(host.key);
    this.#setOf(host).delete(host);
  }

  /** @returns which datagram makes room for more of `datagram`; null = this one itself, or there is no other */
  makesRoomFor(datagram: D): D | null {
    const fullest = this.#byCharge.findLast((hosts) => hosts.size > 0);
    const [host] = this.#dropping.size > 0 ? this.#dropping : fullest ?? [];
    const newest = host?.datagrams.newest ?? null;
    if (newest !== datagram) return newest;
    return datagram.charged > 0 ? datagram.older : null;
  }

  #setOf({ mayDrop, charged }: Host<D>): Set<Host<D>> {
    return mayDrop ? this.#dropping : this.#byCharge[magnitudeOf(charged)]!;
  }
}

function magnitudeOf(bytes: number): number {
  return MAGNITUDES - 1 - Math.clz32(Math.min(Math.max(1, bytes), 0xffff_ffff));
}
