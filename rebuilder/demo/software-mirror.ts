import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { MirroredConnection } from './mirrored-connection.ts';
import type { End } from './vxlan-segment.ts';

interface SoftwareMirrorOptions {
  /** Where clients connect. Port 0 = any free port; IPv4 only. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The app behind it. */
  readonly app: { readonly host: string; readonly port: number };
  /** Where the copy goes: the rebuilder's VXLAN socket. */
  readonly rebuilder: { readonly host: string; readonly port: number };
  readonly vni: number;
}

/**
 * What an AWS mirror session does, for a machine without one: it relays the real bytes between client and app, and
 * sends a copy of what passed as VXLAN datagrams. A copy that cannot be sent is never waited for; the traffic itself
 * goes on.
 */
export class SoftwareMirror {
  readonly #server: Server;
  readonly #udp: UdpSocket;
  readonly #open = new Set<Socket>();
  readonly #options: SoftwareMirrorOptions;

  private constructor(options: SoftwareMirrorOptions) {
    this.#options = options;
    this.#udp = createSocket('udp4');
    this.#udp.on('error', () => undefined);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#relay(client));
  }

  static async start(options: SoftwareMirrorOptions): Promise<SoftwareMirror> {
    const mirror = new SoftwareMirror(options);
    mirror.#server.listen(options.listen.port, options.listen.host);
    await once(mirror.#server, 'listening');
    return mirror;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
  }

  #relay(client: Socket): void {
    const { host, port } = this.#options.rebuilder;
    const from = end(client.remoteAddress, client.remotePort);
    const to = end(client.localAddress, client.localPort);
    if (!from || !to) {
      client.destroy();
      return;
    }
    const copy = new MirroredConnection(
      this.#options.vni, from, to, (datagram) => this.#udp.send(datagram, port, host, () => undefined));
    const app = connect({ ...this.#options.app, allowHalfOpen: true, noDelay: true });
    this.#pass(client, app, (bytes) => copy.data('client', bytes), () => copy.end('client'), () => copy.reset('client'));
    this.#pass(app, client, (bytes) => copy.data('server', bytes), () => copy.end('server'), () => copy.reset('server'));
  }

  /** Bytes of one direction: copied first, so that the copy has the order of the wire. */
  #pass(
    source: Socket, target: Socket, data: (bytes: Uint8Array) => void, ended: () => void, broken: () => void,
  ): void {
    this.#open.add(source);
    source.on('data', (bytes: Buffer) => {
      data(bytes);
      if (!target.write(bytes)) source.pause();
    });
    target.on('drain', () => source.resume());
    source.on('end', () => {
      ended();
      target.end();
    });
    source.on('error', () => {
      broken();
      target.destroy();
    });
    source.on('close', () => {
      this.#open.delete(source);
      if (!source.readableEnded) target.destroy();
    });
  }
}

function end(address: string | undefined, port: number | undefined): End | null {
  const parts = (address ?? '').split('.').map(Number);
  return parts.length === 4 && port !== undefined ? { address: Uint8Array.from(parts), port } : null;
}
