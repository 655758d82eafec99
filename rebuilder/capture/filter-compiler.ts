import { InterfaceError, LIBPCAP_MISSING } from './interface-error.ts';
import { BPF_PROGRAM_SIZE, loadLibpcap } from './libpcap.ts';

const INSTRUCTION_SIZE = 8;
/** What the program returns for a packet it takes; nobody looks at it, but 0 would take none. */
const SNAP_LENGTH = 262_144;
const NO_NETMASK = 0xffff_ffff;

/**
 * A filter expression (pcap-filter(7)) as instructions of classic BPF, eight bytes each in the machine's byte order:
 * see wire/bpf.ts. Rejects with an InterfaceError: no libpcap on this machine, or what libpcap says of the expression.
 *
 * @param link number of the link type, one of LinkType that a file can have
 */
export async function compileFilter(expression: string, link: number): Promise<Uint8Array> {
  const libpcap = await loadLibpcap();
  if (libpcap === null) throw new InterfaceError(`filter "${expression}": ${LIBPCAP_MISSING}; or remove the filter`);
  const dead = libpcap.openDead(link, SNAP_LENGTH);
  if (dead === 0n) throw new InterfaceError(`filter "${expression}": libpcap knows no link type ${link}`);
  const program = new Uint8Array(BPF_PROGRAM_SIZE);
  try {
    if (libpcap.compile(dead, program, expression, 1, NO_NETMASK) !== 0) {
      throw new InterfaceError(`filter "${expression}": ${libpcap.lastError(dead)}`);
    }
    const fields = new DataView(program.buffer);
    const instructions = new Uint8Array(fields.getUint32(0, true) * INSTRUCTION_SIZE);
    libpcap.copy(instructions, fields.getBigUint64(8, true), instructions.length);
    libpcap.freeCode(program);
    return instructions;
  } finally {
    libpcap.close(dead);
  }
}
