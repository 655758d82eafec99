import { compileFilter } from '../capture/filter-compiler.ts';
import { LinkType, type FrameSink } from '../capture/frame-source.ts';
import { InterfaceError } from '../capture/interface-error.ts';
import { INDEX, type Ledger } from '../ledger.ts';
import { BpfProgram } from './bpf.ts';
import { walkToTransport } from './decapsulate.ts';
import { Packet } from './packet.ts';

/** LINKTYPE_RAW as libpcap's compiler numbers it. */
const DLT_RAW = 12;

/**
 * Stands between a tunnel's socket and the consumer of its frames: hands on those whose innermost frame passes the
 * filter of `from_vxlan` or `from_geneve`, and counts the others. The filter is written for what is inside the tunnel,
 * as for tcpdump on the mirrored interface.
 */
export class InnerFilter implements FrameSink {
  readonly #next: FrameSink;
  readonly #ledger: Ledger;
  readonly #ethernet: BpfProgram;
  /** For GENEVE around bare IP packets; null = the expression speaks of Ethernet, and takes none of them. */
  readonly #ip: BpfProgram | null;
  readonly #packet = new Packet();

  private constructor(next: FrameSink, ledger: Ledger, ethernet: BpfProgram, ip: BpfProgram | null) {
    this.#next = next;
    this.#ledger = ledger;
    this.#ethernet = ethernet;
    this.#ip = ip;
  }

  /**
   * Rejects with an InterfaceError that says what is wrong with the expression, or that libpcap, which compiles it, is
   * missing.
   */
  static async create(expression: string, next: FrameSink, ledger: Ledger): Promise<InnerFilter> {
    const ethernet = await programFor(expression, LinkType.ethernet);
    const ip = await programFor(expression, DLT_RAW).catch(() => null);
    return new InnerFilter(next, ledger, ethernet, ip);
  }

  frame(
    link: number, bytes: Uint8Array, start: number, end: number, originalLength: number, timeMs: number,
    outerSource: number,
  ): void {
    const packet = this.#packet;
    walkToTransport(link, bytes, start, end, originalLength, packet);
    // No tunnel in it, or a broken one: the stages behind say what it is.
    if (packet.frameStart < 0 || this.#accepts(packet, originalLength - (packet.frameStart - start))) {
      this.#next.frame(link, bytes, start, end, originalLength, timeMs, outerSource);
      return;
    }
    this.#ledger.values[INDEX['capture.frames']]!++;
    this.#ledger.values[INDEX['rules.inner_filtered']]!++;
  }

  batchEnd(timeMs: number): void {
    this.#next.batchEnd(timeMs);
  }

  #accepts({ bytes, frameStart, frameEnd, frameIsEthernet }: Packet, length: number): boolean {
    const program = frameIsEthernet ? this.#ethernet : this.#ip;
    return program !== null && program.accepts(bytes, frameStart, frameEnd, length);
  }
}

async function programFor(expression: string, link: number): Promise<BpfProgram> {
  const instructions = await compileFilter(expression, link);
  try {
    return new BpfProgram(instructions);
  } catch (error) {
    // Only `protochain` compiles to a program with loops, which the kernel refuses as well.
    const why = error instanceof Error ? error.message : String(error);
    throw new InterfaceError(`filter "${expression}": ${why}; protochain cannot be used here`);
  }
}
