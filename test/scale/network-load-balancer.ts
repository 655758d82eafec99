/**
 * The rules by which an AWS Network Load Balancer spreads UDP ("Target groups for your Network Load Balancers"): a flow
 * is the outer 5-tuple; it keeps its target until it was idle for 120 s (which cannot be changed) or the target is
 * gone; new flows go by a hash over the targets of the moment, those of the sender's zone only when cross-zone is off.
 * With source_ip stickiness the sender's address alone decides.
 */
export interface Balancing {
  readonly crossZone: boolean;
  readonly sourceIpStickiness: boolean;
}

export interface Target { readonly id: number; readonly zone: number }

const IDLE_MS = 120_000;

export class NetworkLoadBalancer {
  /** Flows that went to another target than the packet before. */
  moves = 0;
  readonly #balancing: Balancing;
  readonly #flows = new Map<string, { target: Target; lastMs: number }>();
  #targets: readonly Target[] = [];

  constructor(balancing: Balancing) {
    this.#balancing = balancing;
  }

  setTargets(targets: readonly Target[]): void {
    this.#targets = targets;
  }

  /** The target of a datagram; undefined = no healthy one in reach. */
  route(sourceIp: number, sourcePort: number, zone: number, nowMs: number): Target | undefined {
    const key = this.#balancing.sourceIpStickiness ? `${sourceIp}` : `${sourceIp}:${sourcePort}`;
    const known = this.#flows.get(key);
    if (known && nowMs - known.lastMs < IDLE_MS && this.#targets.includes(known.target)) {
      known.lastMs = nowMs;
      return known.target;
    }
    const reachable = this.#targets.filter((target) => this.#balancing.crossZone || target.zone === zone);
    if (reachable.length === 0) return undefined;
    const target = reachable[hash(sourceIp, this.#balancing.sourceIpStickiness ? 0 : sourcePort) % reachable.length]!;
    if (known && known.target !== target) this.moves++;
    this.#flows.set(key, { target, lastMs: nowMs });
    return target;
  }
}

/** AWS gives the outer source port as a hash of the inner 5-tuple: each direction of a connection has its own. */
export function outerSourcePort(src: number, dst: number, srcPort: number, dstPort: number): number {
  return 1024 + hash(hash(src, srcPort), hash(dst, dstPort) ^ 0x55aa) % 64_000;
}

function hash(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x27d4eb2f);
  h ^= h >>> 13;
  return h >>> 0;
}
