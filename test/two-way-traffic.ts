// Connections whole in both directions, as frames: for telling whether every way into the rebuilder gives the same
// exchanges.
import { TcpFlag } from '../rebuilder/wire/packet.ts';
import { tcpFrame } from './frames.ts';

const SERVER = '10.77.0.2:80';
const WINDOW = 65_535;

/**
 * @returns Ethernet frames, the connections interleaved; request i of connection c asks for `/c/i` and is answered with
 * its own target
 */
export function twoWayFrames(connections: number, requests: number): Uint8Array[] {
  const rounds: Uint8Array[][] = Array.from({ length: requests + 2 }, () => []);
  for (let c = 0; c < connections; c++) {
    const client = `10.77.${1 + Math.floor(c / 200)}.${1 + (c % 200)}:${40_000 + c}`;
    let [seq, ack] = [c * 7919, c * 104_729];
    const say = (round: number, fromClient: boolean, flags: number, data = ''): void => {
      const fields = fromClient ? { seq, ack, flags, window: WINDOW } : { seq: ack, ack: seq, flags, window: WINDOW };
      const [from, to] = fromClient ? [client, SERVER] : [SERVER, client];
      rounds[round]!.push(tcpFrame(from, to, flags === TcpFlag.syn ? { ...fields, ack: 0 } : fields, data));
      const length = data.length + ((flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1);
      if (fromClient) seq = (seq + length) >>> 0; else ack = (ack + length) >>> 0;
    };
    say(0, true, TcpFlag.syn);
    say(0, false, TcpFlag.syn | TcpFlag.ack);
    for (let i = 0; i < requests; i++) {
      const target = `/${c}/${i}`;
      const body = i % 10 === 9 ? 'x'.repeat(1 + ((c * 31 + i) % 1200)) : '';
      const request = body === ''
        ? `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nX-Number: ${i}\r\n\r\n`
        : `POST ${target} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      say(i + 1, true, TcpFlag.psh | TcpFlag.ack, request);
      say(i + 1, false, TcpFlag.psh | TcpFlag.ack, `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
    }
    say(requests + 1, true, TcpFlag.fin | TcpFlag.ack);
    say(requests + 1, false, TcpFlag.fin | TcpFlag.ack);
  }
  return rounds.flat();
}
