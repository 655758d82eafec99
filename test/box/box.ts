// A VPC in network namespaces. Client and app talk over a bridge; at the app's port of that bridge (its "ENI") tc
// copies the packets into a kernel VXLAN device, as a mirror session does, which sends them to the rebuilder. The
// detection node is behind the rebuilder.
//
//   client ── c0 ┐
//                ├ br0  (fabric)  vx0 ~ VXLAN ~ r0 ── rebuilder (relay) ── detection node (recorder, nginx)
//   app ──── a0 ┘ └ tc mirred ─────┘
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientOptions, ClientReport } from './counting-client.ts';
import { cable, end, firstLine, Namespace } from './namespaces.ts';
import type { RelayLog, RelayOptions } from './lossy-relay.ts';

export const CLIENT = '10.80.0.2';
export const APP = '10.80.0.3';
/** Of the bridge, once there is a way through it. */
const GATEWAY = '10.80.0.1';
export const FABRIC = '10.90.0.1';
export const REBUILDER = '10.90.0.2';
export const NODE = '10.91.0.3';
export const APP_PORT = 80;
export const NODE_PORT = 8445;
export const VXLAN_PORT = 4789;
export const VNI = 1377;

/** What VXLAN, UDP, IPv4 and Ethernet add to a frame of 9001 bytes of IP fits here. */
const UNDERLAY_MTU = 9216;

export interface BoxOptions {
  /** Of client and app: 1500, or 9001 as inside a VPC. */
  readonly mtu: number;
  /** Mirror what the app sends too, not only what it gets. */
  readonly bothDirections: boolean;
  /**
   * Leave segmentation and checksums to the (virtual) card: the copy then shows segments over the MTU, without
   * checksums.
   */
  readonly offload: boolean;
}

export class Box {
  readonly client = new Namespace('client');
  readonly app = new Namespace('app');
  readonly fabric = new Namespace('fabric');
  readonly rebuilder = new Namespace('rebuilder');
  readonly node = new Namespace('node');
  readonly folder = mkdtempSync(join(tmpdir(), 'vpcbox-'));
  #nodeProcesses: ChildProcess[] = [];
  #uncounted = 0;

  static async build(options: BoxOptions): Promise<Box> {
    const box = new Box();
    try {
      box.#wire(options);
      await box.#startApp();
      await box.startNode();
      return box;
    } catch (error) {
      box.remove();
      throw error;
    }
  }

  remove(): void {
    for (const namespace of [this.client, this.app, this.fabric, this.rebuilder, this.node]) namespace.remove();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #wire({ mtu, bothDirections, offload }: BoxOptions): void {
    const { client, app, fabric, rebuilder, node } = this;
    cable(client, 'eth0', fabric, 'c0', mtu);
    cable(app, 'eth0', fabric, 'a0', mtu);
    cable(rebuilder, 'eth0', fabric, 'r0', UNDERLAY_MTU);
    cable(rebuilder, 'eth1', node, 'eth0', 1500);
    fabric.ip('link', 'add', 'br0', 'type', 'bridge');
    for (const port of ['c0', 'a0']) fabric.ip('link', 'set', port, 'master', 'br0');
    fabric.ip('link', 'set', 'br0', 'up');
    for (const [namespace, device, address] of [[client, 'eth0', CLIENT], [app, 'eth0', APP], [fabric, 'r0', FABRIC],
      [rebuilder, 'eth0', REBUILDER], [rebuilder, 'eth1', '10.91.0.2'], [node, 'eth0', NODE]] as const) {
      namespace.ip('addr', 'add', `${address}/24`, 'dev', device);
    }
    if (!offload) {
      for (const namespace of [client, app]) namespace.run('ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off');
    }
    fabric.ip('link', 'add', 'vx0', 'type', 'vxlan', 'id', String(VNI), 'local', FABRIC, 'remote', REBUILDER,
      'dstport', String(VXLAN_PORT), 'nolearning');
    fabric.ip('link', 'set', 'vx0', 'mtu', '9100', 'up');
    fabric.run('tc', 'qdisc', 'add', 'dev', 'a0', 'clsact');
    // What leaves the fabric towards the app is the ENI's ingress.
    for (const direction of bothDirections ? ['egress', 'ingress'] : ['egress']) this.#mirror(direction);
  }

  /** Datagrams that the mirror sent since `beginCounting`. */
  mirrored(): number {
    return this.#sentByMirror() - this.#uncounted;
  }

  /** The network's own chatter while the box was built reached no one. */
  beginCounting(): void {
    this.#uncounted = this.#sentByMirror();
  }

  #sentByMirror(): number {
    const [link] = JSON.parse(this.fabric.ip('-j', '-s', 'link', 'show', 'vx0')) as [{ stats64: { tx: { packets: number } } }];
    return link.stats64.tx.packets;
  }

  async #startApp(): Promise<void> {
    await this.#nginx(this.app, 'app', `listen ${APP_PORT} backlog=1024; location / { return 200 "ok\\n"; }`, '$request_uri');
  }

  /** Requests that the app served, from its own log. */
  servedByApp(): string[] {
    return lines(join(this.folder, 'app', 'access.log'));
  }

  /** The detection node: a recorder of raw bytes in front of a real nginx that logs what it got. */
  async startNode(status = 200): Promise<void> {
    const nginx = await this.#nginx(this.node, 'node', `listen 127.0.0.1:8080; location / { return ${status}; }`, '$status $request_id $http_x_request_id $request_uri');
    mkdirSync(join(this.folder, 'recorded'), { recursive: true });
    const recorder = this.node.spawn(process.execPath, [...TSX, program('recorder.ts'), String(NODE_PORT), '8080', join(this.folder, 'recorded')]);
    await firstLine(recorder);
    this.#nodeProcesses = [nginx, recorder];
  }

  /** Lets the client's namespace reach the rebuilder's, as a forwarded port does. */
  routeToRebuilder(): void {
    this.fabric.ip('addr', 'add', `${GATEWAY}/24`, 'dev', 'br0');
    this.fabric.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.client.ip('route', 'add', 'default', 'via', GATEWAY);
    this.rebuilder.ip('route', 'add', '10.80.0.0/24', 'via', FABRIC);
  }

  /** The mirror session of the app's interface: of what it gets, of what it sends, or none. */
  mirror(direction: 'egress' | 'ingress' | null): void {
    for (const one of ['egress', 'ingress']) this.fabric.run('tc', 'filter', 'del', 'dev', 'a0', one);
    if (direction !== null) this.#mirror(direction);
  }

  /**
   * TCP alone, as mirror filters have it: what the kernels say themselves (ARP, IGMP) comes when it likes, and would be
   * in no test's count.
   */
  #mirror(direction: string): void {
    this.fabric.run('tc', 'filter', 'add', 'dev', 'a0', direction, 'protocol', 'ip', 'u32', 'match', 'ip', 'protocol', '6', '0xff',
      'action', 'mirred', 'egress', 'mirror', 'dev', 'vx0');
  }

  /** Power off: connections are cut, nothing is flushed by the server's own will. */
  async killNode(): Promise<void> {
    for (const child of this.#nodeProcesses.splice(0).reverse()) await end(child, 'SIGKILL');
  }

  /** What the node's nginx logged: status, its id, our X-Request-ID, target. */
  loggedByNode(): string[] {
    return lines(join(this.folder, 'node', 'access.log'));
  }

  /** What reached the node, byte for byte: one entry a connection. */
  recorded(): { raw: Buffer; times: string }[] {
    const folder = join(this.folder, 'recorded');
    return readdirSync(folder).filter((name) => name.endsWith('.raw')).sort().map((name) => {
      const times = join(folder, name.replace(/raw$/, 'times'));
      return { raw: readFileSync(join(folder, name)), times: readdirSync(folder).includes(name.replace(/raw$/, 'times')) ? readFileSync(times, 'utf8') : '' };
    });
  }

  /** Runs the counting client to its end. */
  async send(options: Omit<ClientOptions, 'host' | 'port'>): Promise<ClientReport> {
    const child = this.client.spawn(process.execPath, [...TSX, program('counting-client.ts'), JSON.stringify({ host: APP, port: APP_PORT, ...options })]);
    let out = '';
    let complaint = '';
    child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.stderr!.on('data', (chunk: Buffer) => { complaint += chunk.toString(); });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`the counting client ended with ${code}: ${complaint}`);
    return JSON.parse(out) as ClientReport;
  }

  /** The bad stretch of network, in front of the rebuilder, which then listens on `targetPort`. */
  async startRelay(options: Pick<RelayOptions, 'dropShare' | 'reorderShare' | 'seed' | 'targetPort'>): Promise<{ stop(): Promise<RelayLog> }> {
    const file = join(this.folder, 'relay.json');
    const child = this.rebuilder.spawn(process.execPath, [...TSX, program('lossy-relay.ts'),
      JSON.stringify({ listenPort: VXLAN_PORT, targetHost: REBUILDER, file, ...options })]);
    await firstLine(child);
    return {
      async stop() {
        const exited = once(child, 'exit');
        child.stdin!.end();
        await exited;
        return JSON.parse(readFileSync(file, 'utf8')) as RelayLog;
      },
    };
  }

  async #nginx(namespace: Namespace, name: string, server: string, logFormat: string): Promise<ChildProcess> {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'nginx.conf'), `
daemon off; master_process off; pid nginx.pid; error_log ${folder}/error.log warn; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  log_format box '${logFormat}'; access_log access.log box;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 10000000; keepalive_timeout 300; client_max_body_size 0; large_client_header_buffers 8 64k;
  lingering_close off; ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;
  server { ${server} }
}
`);
    const child = namespace.spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')]);
    const port = /listen (?:[\d.]+:)?(\d+)/.exec(server)![1]!;
    for (let tries = 0; ; tries++) {
      if (namespace.run('ss', '-Hltn', `sport = :${port}`) !== '') return child;
      if (tries > 100 || child.exitCode !== null) throw new Error(`nginx does not listen: ${lines(join(folder, 'error.log')).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const TSX = ['--import', 'tsx'];

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
