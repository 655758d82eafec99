import type { Endpoints } from '../http/message.ts';
import { putNumber, putText } from '../http/put-text.ts';
import type { Envelope } from '../rules/envelope.ts';
import { lineText, putLineText } from './line-text.ts';

/** So many clients' lines are kept; a power of two. */
const SLOTS = 4096;
/** Longer ones, of addresses that a header claims, are written anew for each request. */
const SLOT_BYTES = 512;

const FORWARDED_FOR = lineText('X-Forwarded-For: ');
const REAL_IP = lineText('\r\nX-Real-IP: ');
const SCHEME = lineText('\r\nX-Scheme: ');
const MIRROR_PROTO = lineText('\r\nX-Mirror-Forwarded-Proto: ');
const MIRROR_PORT = lineText('\r\nX-Mirror-Forwarded-Port: ');
const FORWARDED_PROTO = lineText('\r\nX-Forwarded-Proto: ');
const FORWARDED_PORT = lineText('\r\nX-Forwarded-Port: ');
const SERVER_ADDR = lineText('\r\nX-SERVER-ADDR: ');
const SERVER_PORT = lineText('\r\nX-SERVER-PORT: ');
const VNI = lineText('\r\nX-Mirror-Vni: ');

/** Whose lines a slot holds. */
interface Kept {
  client: string;
  proto: string;
  port: string;
  serverAddress: string;
  serverPort: number;
  vni: number | null;
  bytes: number;
}

/**
 * The added lines that say who asked whom. They are the same for all requests of a connection: the last ones of each
 * client are kept as bytes, because to write them costs as much as to read the request's head.
 */
export class ClientLines {
  readonly #kept: (Kept | undefined)[] = new Array<Kept | undefined>(SLOTS).fill(undefined);
  readonly #slots = Buffer.alloc(SLOTS * SLOT_BYTES);

  /** Writes them, without the end of the last one. Returns the offset behind them. */
  put(endpoints: Endpoints, envelope: Envelope, to: Uint8Array, at: number): number {
    const { clientAddress, proto, port } = envelope;
    const { clientPort, serverAddress, serverPort, vni } = endpoints;
    const slot = clientPort & SLOTS - 1;
    const from = slot * SLOT_BYTES;
    const kept = this.#kept[slot];
    if (kept?.port === port && kept.client === clientAddress && kept.proto === proto
      && kept.serverPort === serverPort && kept.serverAddress === serverAddress && kept.vni === vni) {
      this.#slots.copy(to, at, from, from + kept.bytes);
      return at + kept.bytes;
    }
    const end = write(endpoints, envelope, to, at);
    const bytes = end - at;
    if (bytes > SLOT_BYTES) return end;
    this.#slots.set(to.subarray(at, end), from);
    if (kept === undefined) {
      this.#kept[slot] = { client: clientAddress, proto, port, serverAddress, serverPort, vni, bytes };
      return end;
    }
    kept.client = clientAddress;
    kept.proto = proto;
    kept.port = port;
    kept.serverAddress = serverAddress;
    kept.serverPort = serverPort;
    kept.vni = vni;
    kept.bytes = bytes;
    return end;
  }
}

function write(endpoints: Endpoints, { clientAddress, proto, port }: Envelope, to: Uint8Array, start: number): number {
  let at = putText(clientAddress, to, putLineText(FORWARDED_FOR, to, start));
  at = putText(clientAddress, to, putLineText(REAL_IP, to, at));
  at = putText(proto, to, putLineText(SCHEME, to, at));
  at = putText(proto, to, putLineText(MIRROR_PROTO, to, at));
  at = putText(port, to, putLineText(MIRROR_PORT, to, at));
  at = putText(proto, to, putLineText(FORWARDED_PROTO, to, at));
  at = putText(port, to, putLineText(FORWARDED_PORT, to, at));
  at = putText(endpoints.serverAddress, to, putLineText(SERVER_ADDR, to, at));
  at = putNumber(endpoints.serverPort, to, putLineText(SERVER_PORT, to, at));
  return endpoints.vni === null ? at : putNumber(endpoints.vni, to, putLineText(VNI, to, at));
}
