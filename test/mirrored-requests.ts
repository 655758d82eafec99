// Connections as a mirror session shows them, sent to a real socket: what a test of the running service needs and no
// more.
import { createSocket, type Socket } from 'node:dgram';
import type { TestContext } from 'node:test';
import { MirroredConnection } from '../rebuilder/demo/mirrored-connection.ts';

const VNI = 1377;
const SERVER = { address: Uint8Array.of(10, 0, 2, 9), port: 80 };

/** Sends VXLAN to a port of 127.0.0.1, one connection after the other. */
export class MirroredRequests {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #datagrams: Uint8Array[] = [];
  #connections = 0;

  constructor(t: TestContext, port: number) {
    this.#socket = createSocket('udp4');
    this.#port = port;
    t.after(() => this.#socket.close());
  }

  /**
   * One connection of a client of its own (10.0.1.7, ports from 41000): each pair is a request and its answer; without
   * an answer the server is not seen.
   */
  async connection(...exchanges: readonly (readonly [request: string, answer?: string])[]): Promise<void> {
    const client = { address: Uint8Array.of(10, 0, 1, 7), port: 41_000 + this.#connections++ };
    const connection = new MirroredConnection(VNI, client, SERVER, (datagram) => this.#datagrams.push(datagram));
    for (const [request, answer] of exchanges) {
      connection.data('client', Buffer.from(request, 'latin1'));
      if (answer !== undefined) connection.data('server', Buffer.from(answer, 'latin1'));
    }
    connection.end('client');
    connection.end('server');
    await this.#flush();
  }

  async #flush(): Promise<void> {
    for (const datagram of this.#datagrams.splice(0)) {
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(datagram, this.#port, '127.0.0.1', (error) => error === null ? resolve() : reject(error));
      });
    }
  }
}
