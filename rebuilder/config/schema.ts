import { availableParallelism } from 'node:os';
import { z } from 'zod';
import {
  bucketName, choice, duration, endpoint, flag, fraction, grpcEndpoint, headerLine, headerName, hostAndPort, ignored,
  integer, interfaceName, key, label, logFile,
  list, listenAddress, method, network, objectPrefix, oneOrMore, pattern, redactableName, routePath, s3Endpoint,
  section, serverName, size, target, text,
  workers,
} from './values.ts';

/**
 * The keys of the file. `prefault` is the default as one would write it; `key(…)` its unit and effect:
 * docs/configuration.md is generated from here. Checks that need more than one key are in resolve.ts.
 */
const DAY = 86_400_000;
const GIB = 1024 ** 3;
const port = () => integer(1, 65535);
const vni = () => integer(0, 0xffffff);

const listener = (address: string, wherefrom: string) => ({
  listen_addr: key(listenAddress().prefault(address), { effect: 'UDP address and port to listen on' }),
  vni_filter: key(list(vni()).prefault([]), { effect: `${wherefrom} VNIs accepted; empty = all` }),
  filter: key(text().prefault(''), { effect: 'BPF expression over the inner packets; empty = all. Needs libpcap' }),
  receive_buffer: key(size(65536, GIB).prefault('64MiB'), {
    effect: 'Receive buffer asked of the kernel for each socket; the granted size is logged (`net.core.rmem_max` caps it without CAP_NET_ADMIN)', unit: 'size',
  }),
});

const captureInterface = section({
  enabled: key(flag().prefault(false), { effect: 'Capture from this interface' }),
  interface: key(interfaceName().prefault('any'), { effect: 'Interface name, or `any`' }),
  filter: key(text().prefault(''), { effect: 'BPF expression, such as `vlan 42`; empty = all packets' }),
  snap_len: key(integer(64, 262144).prefault(65535), { effect: 'Bytes captured of each packet; less cuts packets, which is counted', unit: 'bytes' }),
  promiscuous: key(flag().prefault(true), { effect: 'See packets for other machines too; has no effect with `any`' }),
});

/** The default of `tcp_stream.response_timeout`, for which older places of the key are read first (resolve.ts). */
export const RESPONSE_TIMEOUT_MS = 5000;

const tcpStream = section({
  from_vxlan: section({
    enabled: key(flag().optional(), { effect: 'Listen for VXLAN (AWS traffic mirroring to an NLB)', default: 'true, unless another source is enabled' }),
    ...listener('0.0.0.0:4789', 'VXLAN'),
  }).prefault({}),
  from_geneve: section({
    enabled: key(flag().prefault(false), { effect: 'Listen for GENEVE (AWS Gateway Load Balancer); VXLAN inside it is unpacked by itself' }),
    ...listener('0.0.0.0:6081', 'GENEVE'),
    nested_vxlan: ignored(),
    inner_vni_filter: key(list(vni()).prefault([]), { effect: 'VNIs accepted of a VXLAN header inside the GENEVE one; empty = all' }),
  }).prefault({}),
  from_interface: oneOrMore(captureInterface).prefault([]),
  ignore_ips: list(section({
    subnets: key(list(network()), { effect: 'Addresses or networks of the inner packets, IPv4 or IPv6' }),
    match_type: key(choice('src', 'dst', 'src_or_dst', 'src_and_dst'), {
      effect: 'Which end must be in `subnets`. `src` and `dst` are one packet\'s: they drop one direction of a connection and leave the other',
    }),
  })).prefault([]),
  parse_responses: key(flag().optional(), {
    effect: 'Pair responses with requests; both directions must be mirrored and meet at one instance', default: 'false',
  }),
  response_timeout: key(duration(1, DAY).optional(), {
    effect: 'Longest time a request waits for its response', unit: 'duration', default: `${RESPONSE_TIMEOUT_MS / 1000}s`,
  }),
});

const responses = {
  parse_responses: key(flag().optional(), { effect: 'Older place of `tcp_stream.parse_responses`', default: '' }),
  response_timeout: key(duration(1, DAY).optional(), { effect: 'Older place of `tcp_stream.response_timeout`', unit: 'duration', default: '' }),
};

const filter = section({
  path: key(pattern().optional(), { effect: 'RE2 pattern, found anywhere in the path (without the query)', default: 'any' }),
  url: key(pattern().optional(), { effect: 'Another name of `path`', default: 'any' }),
  headers: key(z.record(z.string(), pattern(), { error: 'is not a map of header names to patterns' }).prefault({}), {
    effect: 'Header names, each with an RE2 pattern over its value',
  }),
  ip_addresses: key(list(network()).prefault([]), { effect: 'Addresses or networks of the derived client address; empty = any' }),
});

const MODES = ['off', 'monitoring', 'safe_blocking', 'block'] as const;
const uuid = () => label().refine((it) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(it), {
  error: 'is not a UUID such as 11111111-1111-1111-1111-111111111111',
});

const routeKeys = {
  wallarm_mode: key(choice(...MODES).optional(), {
    effect: '`off` = not forwarded. Nothing can be blocked out of band: every other mode forwards', default: 'that of the level above (`monitoring`)',
  }),
  wallarm_application: key(label().optional(), { effect: 'Application id, sent to the node as `X-Mirror-Application`', default: 'that of the level above' }),
  wallarm_partner_client_uuid: key(uuid().optional(), { effect: 'Tenant, sent to the node as `X-Mirror-Partner`', default: 'that of the level above' }),
};

export interface RouteEntry {
  host?: string | undefined;
  route?: string | undefined;
  wallarm_mode?: (typeof MODES)[number] | undefined;
  wallarm_application?: string | undefined;
  wallarm_partner_client_uuid?: string | undefined;
  routes?: RouteEntry[] | undefined;
}

const route: z.ZodType<RouteEntry> = z.lazy(() => section({
  host: key(text().optional(), { effect: 'Host pattern: `*` any characters but `/`, `?` one, `[a-z]` one of a range', default: 'every host' }),
  route: key(routePath().optional(), {
    effect: 'Path: `=` exact, `^~` prefix before patterns, `~` RE2, `~*` RE2 without case, nothing = prefix after patterns', default: 'every path',
  }),
  ...routeKeys,
  routes: key(list(route).optional(), { effect: 'Routes inside this one; they inherit its host and settings', default: 'none' }),
}));

const sections = {
  version: key(integer(1, 4).prefault(4), { effect: 'Version of the file\'s form' }),
  mode: key(text().optional(), { effect: '`tcp-capture-v2`, or `tcp-capture` for the older form with `goreplay`', default: 'by the sections present' }),
  tcp_stream: tcpStream.prefault({}),
  tcp_reassembler: section(responses).prefault({}),
  goreplay: section({
    filter: key(text().optional(), { effect: 'Older form: `eth0:80`, `eth0:`, `:80` or `:`', default: '`:`' }),
    extra_args: key(list(label()).prefault([]), { effect: 'Older form: `-input-raw…` arguments (see below)' }),
    ...responses,
    path: ignored(),
    url_normalize: ignored(),
  }).optional(),
  middleware: section({ ...responses, url_normalize: ignored() }).prefault({}),
  proxy_headers: list(section({
    trusted_networks: key(list(network()).optional(), {
      effect: 'Networks whose word is believed: those directly in front of the mirrored server, and those of further proxies in the chain',
      default: 'every network (any client can then forge its address; warned about)',
    }),
    original_host: key(list(headerName()).prefault([]), { effect: 'Headers with the original Host, tried in order' }),
    real_ip: key(list(headerName()).prefault([]), {
      effect: 'Headers with the client address, tried in order. Of a list the last address that is not trusted is taken: those before it are the client\'s own word',
    }),
  })).prefault([]),
  proxy_protocol: list(section({
    trusted_networks: key(list(network()), { effect: 'Networks of the balancers that send a PROXY header' }),
    ports: key(list(port()).prefault([]), { effect: 'Server ports that get it; empty = all' }),
  })).prefault([]),
  http_inspector: section({
    real_ip_header: key(headerName().optional(), {
      effect: 'Older form of `proxy_headers`: one header, believed from every network (warned about)', default: 'none',
    }),
    workers: ignored(),
    libdetection_enabled: ignored(),
    api_firewall_enabled: ignored(),
    wmcp_enabled: ignored(),
    api_firewall_database: ignored(),
    wallarm_dir: ignored(),
    shm_dir: ignored(),
    wallarm_process_time_limit: ignored(),
    drop_on_overload: ignored(),
  }).prefault({}),
  input_filters: section({
    inspect: list(filter).prefault([]),
    bypass: list(filter).prefault([]),
  }).prefault({}),
  health_checks: list(section({
    method: key(method().prefault('GET'), { effect: 'Method' }),
    target: key(target(), { effect: 'Request target, as it is on the wire' }),
    version: key(choice('HTTP/1.0', 'HTTP/1.1').prefault('HTTP/1.1'), { effect: 'Version' }),
    headers: key(list(headerLine()).prefault([]), {
      effect: 'Every header as `Name: value`, in order. `{server}` stands for the address the request was sent to, `{port}` for its port',
    }),
  })).prefault([]),
  route_config: section({ ...routeKeys, routes: list(route).prefault([]) }).prefault({}),
  forward: section({
    endpoint: key(endpoint().prefault(''), { effect: 'Detection nodes: `http://host:port`; empty = nothing is delivered' }),
    raw_endpoint: key(hostAndPort().prefault(''), {
      effect: '`host:port` of a TCP path to the same nodes, for requests an ALB would refuse or alter; empty = they are re-framed if possible, else counted',
    }),
    loop_key_file: key(text().prefault(''), {
      effect: 'File with the key of the loop marker, the same for all rebuilders of a deployment; empty = a random key for each process',
    }),
    connections: key(integer(1, 1024).prefault(64), { effect: 'Connections to the endpoint at most, for each worker' }),
    pipelining: key(integer(1, 1024).prefault(16), { effect: 'Requests sent on a connection before the first answer is read' }),
    connect_timeout: key(duration(1, DAY).prefault('5s'), { effect: 'Longest time to connect', unit: 'duration' }),
    response_timeout: key(duration(1, DAY).prefault('30s'), { effect: 'Longest time the node takes to answer', unit: 'duration' }),
    idle_timeout: key(duration(1, DAY).prefault('50s'), { effect: 'An unused connection is closed; keep it under the ALB\'s own 60s', unit: 'duration' }),
    attempts: key(integer(1, 100).prefault(3), { effect: 'Times a request is sent at most' }),
    deadline: key(duration(1, DAY).prefault('60s'), { effect: 'A request that could not be sent for this long is dropped and counted', unit: 'duration' }),
    resolve_interval: key(duration(1, DAY).prefault('10s'), { effect: 'How often the endpoint\'s name is resolved again', unit: 'duration' }),
    queue_bytes: key(size(65536, 64 * GIB).prefault('128MiB'), { effect: 'Requests waiting for delivery, for each worker; beyond it the oldest is dropped', unit: 'size' }),
    body_limit: key(size(0, GIB).prefault('8MiB'), { effect: 'Longest body delivered; the rest is cut, and the request marked', unit: 'size' }),
    sample: key(fraction().prefault(1), { effect: 'Share of the connections delivered, chosen by a keyed hash a client cannot steer', unit: 'share, 0 to 1' }),
    redact: section({
      headers: key(list(redactableName()).prefault([]), { effect: 'Headers whose value is masked with `*`, byte for byte, before it leaves' }),
      query: key(list(text()).prefault([]), { effect: 'Query parameters whose value is masked likewise, by their name, percent-decoded and in any case of letters' }),
      body: key(list(text()).prefault([]), { effect: 'Fields of JSON, form and multipart bodies masked likewise, by their name in any case of letters; what is masked cannot be inspected' }),
    }).prefault({}),
    drain_timeout: key(duration(0, DAY).prefault('10s'), { effect: 'After SIGTERM, how long the queue is still delivered', unit: 'duration' }),
    ext_proc: section({
      endpoint: key(grpcEndpoint().prefault(''), {
        effect: 'Native nodes (`mode: envoy-external-filter`), which get whole exchanges as Envoy would send them: `https://host:port`, or `http://host:port` without TLS; empty = none',
      }),
      tls: section({
        ca_file: key(text().prefault(''), { effect: 'File of certificates (PEM) that vouch for the nodes\' own; empty = the public ones that Node.js knows' }),
        server_name: key(serverName().prefault(''), { effect: 'Name that the nodes\' certificate must hold', default: 'the host of `endpoint`' }),
      }).prefault({}),
      connections: key(integer(1, 1024).prefault(4), { effect: 'Connections to the native nodes, for each worker: behind a TCP load balancer each leads to one node' }),
      streams: key(integer(1, 10_000).prefault(100), { effect: 'Exchanges under way on a connection at most; fewer where the node says so' }),
      queue_bytes: key(size(65536, 64 * GIB).prefault('64MiB'), {
        effect: 'Exchanges waiting or under way, for each worker; beyond it the oldest that waits is dropped', unit: 'size',
      }),
      body_limit: key(size(1, GIB).prefault('8MiB'), {
        effect: 'Longest body sent, of a request and of a response; the rest is cut, and the message marked. `forward.body_limit` comes first', unit: 'size',
      }),
    }).prefault({}),
  }).prefault({}),
  limits: section({
    memory: key(size(1 << 20, 1024 * GIB).prefault('512MiB'), { effect: 'All that is buffered between capture and the forward queue, for each worker; a connection counts 3.5 to 5 KiB of it, one in the middle of a message 6.5 KiB and the message, the first 4 MiB of connections nothing', unit: 'size' }),
    flows: key(integer(16, 10_000_000).prefault(200_000), { effect: 'Connections known at a time, for each worker, as far as `limits.memory` has room; the one unused for longest makes room' }),
    idle_timeout: key(duration(100, DAY).prefault('5m'), { effect: 'A connection without packets is forgotten; in the middle of a message, or of HTTP/2, after 24 times as long, while there is memory', unit: 'duration' }),
    gap_timeout: key(duration(10, 3_600_000).prefault('1s'), { effect: 'How long a hole in a stream is waited for', unit: 'duration' }),
    reorder_time: key(duration(0, 3_600_000).prefault('200ms'), {
      effect: 'How long segments may come out of order: a hole that the receiver has acknowledged is waited for no longer', unit: 'duration',
    }),
    stall_timeout: key(duration(0, DAY).prefault('10s'), {
      effect: 'A request to which nothing was added is delivered as it is, and once more if its rest comes; 0 = never', unit: 'duration',
    }),
    gap_bytes: key(size(1024, GIB).prefault('4MiB'), { effect: 'Bytes buffered behind a hole of one stream before it is given up', unit: 'size' }),
    reorder_bytes: key(size(65536, 64 * GIB).prefault('128MiB'), { effect: 'Bytes buffered behind holes, and 768 for each segment, all streams together', unit: 'size' }),
    fragments_bytes: key(size(65536, 64 * GIB).prefault('16MiB'), { effect: 'IP fragments buffered, all together', unit: 'size' }),
    fragment_timeout: key(duration(10, 3_600_000).prefault('30s'), { effect: 'How long the rest of a fragmented packet is waited for', unit: 'duration' }),
    head_bytes: key(size(1024, 1 << 24).prefault('64KiB'), { effect: 'Longest request line with headers; a longer one is cut, and the request marked', unit: 'size' }),
    correction_bytes: key(size(0, 64 * GIB).prefault('32MiB'), { effect: 'Second readings, and damaged requests kept to be corrected by late segments, all together; with 0 neither is told, and decoys hide requests', unit: 'size' }),
  }).prefault({}),
  exchanges: section({
    file: key(text().prefault(''), { effect: 'Every request that goes on, with its response, as a JSON line; empty = none' }),
    max_size: key(size(4096, 1024 * GIB).prefault('100MiB'), { effect: 'A new file is begun at this size', unit: 'size' }),
    max_files: key(integer(1, 10_000).prefault(5), { effect: 'Files kept, the one being written included' }),
    queue_bytes: key(size(65536, 64 * GIB).prefault('32MiB'), { effect: 'Lines waiting for the disk, for each worker; beyond it new ones are left out and counted', unit: 'size' }),
    gzip: key(flag().prefault(false), { effect: 'Full files are compressed (`FILE.1.gz`); those for `exchanges.s3` always are' }),
    s3: section({
      bucket: key(bucketName().prefault(''), {
        effect: 'Full files are uploaded to this bucket and removed here, instead of being kept by number; empty = none are',
      }),
      prefix: key(objectPrefix().prefault('exchanges/'), { effect: 'Folder in the bucket; below it are folders by day and hour, `dt=2026-11-26/hour=09/`' }),
      region: key(text().prefault(''), { effect: 'Region of the bucket', default: '`AWS_REGION` of the environment' }),
      endpoint: key(s3Endpoint().prefault(''), { effect: 'Another S3 than AWS\'s: `https://host:port`; empty = AWS\'s own' }),
      interval: key(duration(1000, DAY).prefault('5m'), { effect: 'A file is uploaded after this long, full or not, and at each full hour (UTC)', unit: 'duration' }),
      spool: key(size(1 << 20, 1024 * GIB).prefault('1GiB'), {
        effect: 'What waits for its upload, in the folder `FILE.upload`; beyond it the oldest file is removed and counted', unit: 'size',
      }),
    }).prefault({}),
  }).prefault({}),
  log: section({
    pretty: key(flag().prefault(true), { effect: 'For people; false = JSON lines' }),
    iso: key(flag().prefault(false), { effect: 'In JSON lines, the level as a word and the time as ISO 8601, instead of pino\'s numbers' }),
    level: key(choice('debug', 'info', 'warn', 'error', 'fatal').prefault('info'), { effect: '`debug` tells each request\'s fate' }),
    log_file: key(logFile().prefault('stderr'), { effect: '`stdout`, `stderr` or a file' }),
    access_log: section({
      enabled: key(flag().prefault(false), { effect: 'One line for each request' }),
      verbose: key(flag().prefault(false), { effect: 'With query values, which are masked otherwise' }),
      log_file: key(logFile().optional(), { effect: '`stdout`, `stderr` or a file', default: '`log.log_file`' }),
    }).prefault({}),
    proton_log_mask: ignored(),
  }).prefault({}),
  metrics: section({
    enabled: key(flag().prefault(true), { effect: 'Serve Prometheus metrics at `/metrics`' }),
    listen_address: key(listenAddress().prefault('127.0.0.1:9000'), { effect: 'Address and port' }),
    recent_requests: key(integer(0, 1000).prefault(200), { effect: 'Requests that the status page can show, the last ones, values masked; 0 = none are kept' }),
    legacy_status: ignored(),
    namespace: ignored(),
    per_host_stats: ignored(),
  }).prefault({}),
  health_check: section({
    enabled: key(flag().prefault(true), { effect: 'Serve `/-/healthcheck`, `/live` and `/ready`' }),
    listen_address: key(listenAddress().prefault(':9445'), { effect: 'Address and port' }),
  }).prefault({}),
  workers: key(workers(availableParallelism).prefault('auto'), { effect: 'Threads that rebuild; `auto` = the number of cores, 0 = all in the main thread' }),
  drop_on_overload: ignored(),
  postanalytics_exporter: ignored(),
  tarantool_exporter: ignored(),
  connector: ignored(),
  envoy_external_filter: ignored(),
};

export const schema = section(sections);
export type FileValues = z.output<typeof schema>;
