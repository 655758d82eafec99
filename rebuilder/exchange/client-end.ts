import { addressText } from '../address/address-text.ts';
import type { Endpoints } from '../http/message.ts';
import type { Connection } from '../reassembly/connection.ts';
import type { End } from '../reassembly/flow-key.ts';
import type { HalfStream } from '../reassembly/half-stream.ts';

/** A connection whose client is one of its ends. */
export class ClientEnd implements Endpoints {
  readonly end: End;
  proxied: Endpoints['proxied'] = null;
  readonly #connection: Connection;
  #clientAddress: string | null = null;
  #serverAddress: string | null = null;

  constructor(connection: Connection, end: End) {
    this.#connection = connection;
    this.end = end;
  }

  get clientAddress(): string {
    return this.#clientAddress ??= this.#address(this.end);
  }

  get serverAddress(): string {
    return this.#serverAddress ??= this.#address(this.end === 'a' ? 'b' : 'a');
  }

  get clientPort(): number {
    return this.end === 'a' ? this.#connection.aPort : this.#connection.bPort;
  }

  get serverPort(): number {
    return this.end === 'a' ? this.#connection.bPort : this.#connection.aPort;
  }

  get vni(): number | null {
    return this.#connection.vni < 0 ? null : this.#connection.vni;
  }

  /** What the client says. */
  get half(): HalfStream { return this.end === 'a' ? this.#connection.fromA : this.#connection.fromB; }

  /** What the server says. */
  get serverHalf(): HalfStream { return this.end === 'a' ? this.#connection.fromB : this.#connection.fromA; }

  #address(end: End): string {
    const c = this.#connection;
    return end === 'a' ? addressText(c.a0, c.a1, c.a2, c.a3) : addressText(c.b0, c.b1, c.b2, c.b3);
  }
}
