import type { IgnoreRule } from '../config/settings.ts';
import type { CounterName } from '../ledger.ts';
import type { Packet } from '../wire/packet.ts';
import { wordsOf } from '../address/ip-address.ts';
import { Networks } from '../address/networks.ts';

interface CompiledRule {
  readonly networks: Networks;
  readonly matchType: IgnoreRule['matchType'];
}

/** Our own delivery, as address and port. */
interface OwnEndpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Packets that are dropped before reassembly: `ignore_ips`, ports that were not asked for, our own traffic to the
 * detection nodes.
 */
export class IgnoredAddresses {
  readonly #rules: readonly CompiledRule[];
  readonly #ports: Uint8Array | null;
  /** Four words and the port of each endpoint. */
  #own = new Int32Array(0);

  constructor(rules: readonly IgnoreRule[], onlyPorts: readonly number[] = []) {
    this.#rules = rules.map(({ subnets, matchType }) => ({ networks: new Networks(subnets), matchType }));
    this.#ports = onlyPorts.length === 0 ? null : new Uint8Array(65536);
    for (const port of onlyPorts) this.#ports![port] = 1;
  }

  /** Replaces the known addresses of the endpoints: to be called whenever their names were resolved. */
  setOwn(endpoints: readonly OwnEndpoint[]): void {
    this.#own = Int32Array.from(endpoints.flatMap(({ address, port }) => {
      const words = wordsOf(address);
      return words === null ? [] : [...words, port];
    }));
  }

  /** Why this segment is left out; null = it is not. */
  reason(packet: Packet): CounterName | null {
    const ports = this.#ports;
    if (ports !== null && ports[packet.srcPort] === 0 && ports[packet.dstPort] === 0) return 'rules.ignored_port';
    const own = this.#own;
    for (let i = 0; i < own.length; i += 5) {
      const port = own[i + 4]!;
      const isTo =
        packet.dstPort === port
        && packet.dst3 === own[i + 3]
        && packet.dst2 === own[i + 2]
        && packet.dst1 === own[i + 1]
        && packet.dst0 === own[i];
      const isFrom =
        packet.srcPort === port
        && packet.src3 === own[i + 3]
        && packet.src2 === own[i + 2]
        && packet.src1 === own[i + 1]
        && packet.src0 === own[i];
      if (isTo || isFrom) return 'rules.ignored_ip';
    }
    for (let i = 0; i < this.#rules.length; i++) if (isIgnored(this.#rules[i]!, packet)) return 'rules.ignored_ip';
    return null;
  }
}

function isIgnored({ networks, matchType }: CompiledRule, packet: Packet): boolean {
  const isSource = matchType !== 'dst' && networks.has(packet.src0, packet.src1, packet.src2, packet.src3);
  if (matchType === 'src' || (isSource && matchType === 'src_or_dst')) return isSource;
  if (!isSource && matchType === 'src_and_dst') return false;
  return networks.has(packet.dst0, packet.dst1, packet.dst2, packet.dst3);
}
