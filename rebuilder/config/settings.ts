/**
 * What every stage reads: the configuration with all defaults filled in, numbers in milliseconds and bytes, older forms
 * translated. The file's own keys (snake_case, durations as `5s`, sizes as `64MiB`) are in schema.ts and
 * docs/configuration.md.
 */
export interface Settings {
  readonly tcpStream: TcpStreamSettings;
  readonly proxyHeaders: readonly ProxyHeaderRule[];
  readonly proxyProtocol: readonly ProxyProtocolRule[];
  readonly inputFilters: InputFilterSettings;
  readonly healthChecks: readonly HealthCheckEntry[];
  readonly routeConfig: RouteSettings;
  readonly forward: ForwardSettings;
  readonly limits: LimitSettings;
  readonly exchanges: ExchangeFileSettings;
  readonly log: LogSettings;
  readonly metrics: ListenSettings & {
    /** How many of the last requests the status page can show; 0 = none are kept. */
    readonly recentRequests: number;
  };
  readonly healthCheck: ListenSettings;
  /** Worker threads that rebuild; 0 = all of it in the main thread. `auto` in the file = the number of cores. */
  readonly workers: number;
}

export interface TcpStreamSettings {
  readonly fromVxlan: VxlanSettings;
  readonly fromGeneve: GeneveSettings;
  /** One entry for each interface; only enabled ones capture. */
  readonly fromInterface: readonly InterfaceSettings[];
  readonly ignoreIps: readonly IgnoreRule[];
  /**
   * Only connections with one of these TCP ports at either end (older form `eth0:80` with the VXLAN engine); empty =
   * all.
   */
  readonly onlyPorts: readonly number[];
  /** Pair responses with requests: both directions must be mirrored. */
  readonly parseResponses: boolean;
  /** Longest time a request waits for its response. */
  readonly responseTimeoutMs: number;
}

export interface Address {
  /** Empty = all addresses of both families. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export interface VxlanSettings {
  readonly enabled: boolean;
  readonly listen: Address;
  /** VNIs accepted; empty = all. */
  readonly vniFilter: readonly number[];
  /** VNIs refused (older form: a negative VNI). */
  readonly vniExclude: readonly number[];
  /** BPF expression over the inner packets; empty = all. */
  readonly filter: string;
  /** Receive buffer asked of the kernel, bytes a socket. */
  readonly receiveBufferBytes: number;
}

interface GeneveSettings extends VxlanSettings {
  /** VNIs of a VXLAN header inside the GENEVE one; empty = all. */
  readonly innerVniFilter: readonly number[];
}

export interface InterfaceSettings {
  readonly enabled: boolean;
  /** Name, or `any`. */
  readonly interface: string;
  /** BPF expression; empty = all. The older port and VLAN forms (`eth0:80`) are already written as one. */
  readonly filter: string;
  readonly snapLenBytes: number;
  readonly promiscuous: boolean;
}

/**
 * Connections whose addresses match are neither reassembled nor looked into. `src` and `dst` are one packet's: they
 * drop one direction.
 */
export interface IgnoreRule {
  readonly subnets: readonly string[];
  readonly matchType: 'src' | 'dst' | 'src_or_dst' | 'src_and_dst';
}

export interface ProxyHeaderRule {
  /** Networks whose word is believed, CIDR; null = every network (a client can then forge its address). */
  readonly trustedNetworks: readonly string[] | null;
  /** Header names, tried in this order. */
  readonly originalHost: readonly string[];
  readonly realIp: readonly string[];
}

interface ProxyProtocolRule {
  /** Networks of the balancers, CIDR. */
  readonly trustedNetworks: readonly string[];
  /** Server ports that get the PROXY header; empty = all. */
  readonly ports: readonly number[];
}

export interface InputFilterSettings {
  /** Not empty: only requests that match one of these go on. */
  readonly inspect: readonly InputFilter[];
  /** Requests that match one of these never go on. */
  readonly bypass: readonly InputFilter[];
}

/** All the conditions of a filter must hold. */
export interface InputFilter {
  /** RE2 over the path; null = any. */
  readonly path: string | null;
  /** Lower-case header name and RE2 over its value. */
  readonly headers: readonly (readonly [string, string])[];
  /** Addresses or CIDRs of the derived client address; empty = any. */
  readonly ipAddresses: readonly string[];
}

/** A load balancer's own request, whole: only a request equal in all of it, without a body, is left out. */
export interface HealthCheckEntry {
  readonly method: string;
  readonly target: string;
  readonly version: 'HTTP/1.0' | 'HTTP/1.1';
  /** Every header, name and value, in the order they are sent; names compare without case. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface RouteSettings {
  readonly mode: RouteMode;
  /** Application id; null = none given. */
  readonly application: string | null;
  readonly partnerClientUuid: string | null;
  readonly routes: readonly Route[];
}

export type RouteMode = 'off' | 'monitoring' | 'safe_blocking' | 'block';

/** A leaf of `route_config.routes` with what it inherits filled in. */
export interface Route {
  /** Host pattern (`*`, `?`, `[a-z]`); null = every host. */
  readonly host: string | null;
  /** Path with its NGINX-like prefix (`=`, `~`, `~*`, `^~`); null = every path. */
  readonly route: string | null;
  readonly mode: RouteMode;
  readonly application: string | null;
  readonly partnerClientUuid: string | null;
}

export interface ForwardSettings {
  /** `http://host:port` of the detection nodes; empty = nothing is delivered (replay to stdout). */
  readonly endpoint: string;
  readonly extProc: ExtProcSettings;
  /** `host:port` of the path that passes TCP through; empty = none. */
  readonly rawEndpoint: string;
  /** File with the key of the loop marker; empty = a random key for this process. */
  readonly loopKeyFile: string;
  /** Connections to the endpoint, at most, each worker. */
  readonly connections: number;
  /** Requests sent on a connection before the first answer is read. 1 = none ahead. */
  readonly pipelining: number;
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  /** Our connections are closed after this long without a request (an ALB's own limit is 60 s). */
  readonly idleTimeoutMs: number;
  /** Times a request is sent, at most. */
  readonly attempts: number;
  /** A request that could not be delivered for this long is dropped and counted. */
  readonly deadlineMs: number;
  readonly resolveIntervalMs: number;
  /** Requests waiting for delivery; beyond it the oldest is dropped. Each worker. */
  readonly queueBytes: number;
  /** Longest body delivered; the rest is cut and the request marked. */
  readonly bodyLimitBytes: number;
  /** Share of the connections that is delivered, 0 to 1; chosen by a keyed hash of the connection. */
  readonly sample: number;
  readonly redact: RedactSettings;
  /** After SIGTERM, how long the queue is still delivered. */
  readonly drainTimeoutMs: number;
}

/**
 * Delivery of whole exchanges to native nodes, over Envoy's external processing protocol. Times are those of
 * ForwardSettings.
 */
export interface ExtProcSettings {
  /** `https://host:port`, or `http://host:port` without TLS; empty = none. */
  readonly endpoint: string;
  /** File of certificates (PEM); empty = the public ones. */
  readonly caFile: string;
  /** Empty = the host of `endpoint`. */
  readonly serverName: string;
  /** At most, each worker. */
  readonly connections: number;
  /** Exchanges under way on a connection, at most. */
  readonly streams: number;
  /** Exchanges waiting or under way; beyond it the oldest that waits is dropped. Each worker. */
  readonly queueBytes: number;
  /** Longest body sent, of a request and of a response; the rest is cut and the message marked. */
  readonly bodyLimitBytes: number;
}

/** Masked with `*`, byte for byte, before anything leaves the process. */
export interface RedactSettings {
  /** Header names, lower case. */
  readonly headers: readonly string[];
  /** Names of query parameters, as they are on the wire. */
  readonly query: readonly string[];
  /** Names of fields of JSON, form and multipart bodies. */
  readonly body: readonly string[];
}

export interface LimitSettings {
  /** One budget for all that is buffered between capture and the forward queue; each worker. */
  readonly memoryBytes: number;
  /** Connections known at a time; the one unused for longest makes room. Each worker. */
  readonly flows: number;
  /** A connection without packets is forgotten after this long. */
  readonly idleTimeoutMs: number;
  /** How long a hole in a stream is waited for. */
  readonly gapTimeoutMs: number;
  /**
   * How long segments may come out of order: a hole the receiver has acknowledged, or a stream's beginning, is waited
   * for no longer.
   */
  readonly reorderMs: number;
  /** A message to which nothing was added for this long is delivered as it is; 0 = never. */
  readonly stallTimeoutMs: number;
  /** Bytes buffered behind a hole of one stream before it is given up. */
  readonly gapBytes: number;
  /** Bytes buffered behind holes, all streams together. */
  readonly reorderBytes: number;
  /** IP fragments buffered, all together. */
  readonly fragmentsBytes: number;
  readonly fragmentTimeoutMs: number;
  /** Longest request line with headers; a longer head is cut and the request marked. */
  readonly headBytes: number;
  /** Bytes of second readings, and of damaged requests that late segments may correct, all together. */
  readonly correctionBytes: number;
}

/** Exchanges as JSON Lines in a rotating file, whose full ones are kept or uploaded. */
export interface ExchangeFileSettings {
  /** Empty = none. */
  readonly file: string;
  readonly maxSizeBytes: number;
  /** Files kept, the one being written included. */
  readonly maxFiles: number;
  /** Lines waiting for the disk; beyond it new ones are left out. Each worker. */
  readonly queueBytes: number;
  /** Full files are compressed; those that are uploaded always are. */
  readonly gzip: boolean;
  readonly s3: S3Settings;
}

interface S3Settings {
  /** Empty = nothing is uploaded. */
  readonly bucket: string;
  /** Before the names of all objects: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Empty = that of the environment. */
  readonly region: string;
  /** Empty = AWS's own. */
  readonly endpoint: string;
  /** Longest time until a file is uploaded. */
  readonly intervalMs: number;
  /** What waits for its upload; beyond it the oldest is removed. */
  readonly spoolBytes: number;
}

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogSettings {
  /** For people; false = JSON lines. */
  readonly pretty: boolean;
  /** In JSON lines: levels as words, times as ISO 8601. */
  readonly iso: boolean;
  readonly level: LogLevel;
  /** `stdout`, `stderr` or a file. */
  readonly logFile: string;
  readonly accessLog: {
    readonly enabled: boolean;
    /** true: query values are not masked. */
    readonly verbose: boolean;
    readonly logFile: string;
  };
}

export interface ListenSettings {
  readonly enabled: boolean;
  readonly listen: Address;
}
