import { resolve as absolute } from 'node:path';
import { translateGoreplay } from './goreplay.ts';
import { nearest } from './nearest.ts';
import { RESPONSE_TIMEOUT_MS, type FileValues, type RouteEntry } from './schema.ts';
import type {
  ExchangeFileSettings, ExtProcSettings, HealthCheckEntry, InputFilter, InterfaceSettings, ProxyHeaderRule, Route,
  RouteMode, Settings,
  TcpStreamSettings, VxlanSettings,
} from './settings.ts';
import { isToken } from './values.ts';

export type Path = readonly (string | number)[];

/** What needs more than one key to be judged, found while the settings are put together. */
export interface Findings {
  readonly mistakes: { path: Path; sentence: string }[];
  readonly warnings: string[];
  /** Keys and arguments that are accepted without effect. */
  readonly ignored: string[];
}

export function resolve(file: FileValues, findings: Findings): Settings {
  const wrong = (path: Path, sentence: string) => findings.mistakes.push({ path, sentence });
  const older = captureForm(file, wrong);
  const proxyHeaders = [...file.proxy_headers.map((rule): ProxyHeaderRule => ({
    trustedNetworks: rule.trusted_networks ?? null, originalHost: rule.original_host, realIp: rule.real_ip,
  }))];
  if (file.http_inspector.real_ip_header !== undefined) {
    if (proxyHeaders.length > 0) wrong(['http_inspector', 'real_ip_header'], 'is the older form of proxy_headers, which is given too: keep one of them');
    else proxyHeaders.push({ trustedNetworks: null, originalHost: [], realIp: [file.http_inspector.real_ip_header] });
  }
  const { tcpStream, realIpHeader } = stream(file, older, findings);
  if (realIpHeader !== null && proxyHeaders.length === 0) {
    proxyHeaders.push({ trustedNetworks: null, originalHost: [], realIp: [realIpHeader] });
  }
  proxyHeaders.forEach((rule, i) => {
    if (rule.trustedNetworks === null) {
      findings.warnings.push(`${file.proxy_headers.length > 0 ? `proxy_headers[${i}] has no trusted_networks` : 'real_ip_header has no list of trusted networks'}: `
        + `every sender is believed, so a client that reaches the server directly can forge its address`);
    }
  });
  if (file.limits.gap_bytes > file.limits.reorder_bytes) wrong(['limits', 'gap_bytes'], 'is larger than limits.reorder_bytes, the sum for all streams');
  const { metrics, health_check: health } = file;
  const { port } = metrics.listen_address;
  if (metrics.enabled && health.enabled && port !== 0 && port === health.listen_address.port) {
    wrong(['health_check', 'listen_address'], `has the port of metrics.listen_address, ${port}: choose another`);
  }
  const everywhere = {
    mode: file.route_config.wallarm_mode ?? 'monitoring',
    application: file.route_config.wallarm_application ?? null,
    partnerClientUuid: file.route_config.wallarm_partner_client_uuid ?? null,
  };
  const settings: Settings = {
    tcpStream,
    proxyHeaders,
    proxyProtocol: file.proxy_protocol.map((rule) => ({ trustedNetworks: rule.trusted_networks, ports: rule.ports })),
    inputFilters: {
      inspect: file.input_filters.inspect.map((it, i) => filterOf(it, ['input_filters', 'inspect', i], wrong)),
      bypass: file.input_filters.bypass.map((it, i) => filterOf(it, ['input_filters', 'bypass', i], wrong)),
    },
    healthChecks: file.health_checks.map(healthCheckOf),
    routeConfig: {
      ...everywhere,
      routes: routesOf(
        file.route_config.routes, { host: null, route: null, ...everywhere }, ['route_config', 'routes'], wrong,
      ),
    },
    forward: {
      endpoint: file.forward.endpoint, extProc: extProcOf(file.forward.ext_proc, wrong),
      rawEndpoint: file.forward.raw_endpoint, loopKeyFile: file.forward.loop_key_file,
      connections: file.forward.connections, pipelining: file.forward.pipelining,
      connectTimeoutMs: file.forward.connect_timeout,
      responseTimeoutMs: file.forward.response_timeout, idleTimeoutMs: file.forward.idle_timeout,
      attempts: file.forward.attempts,
      deadlineMs: file.forward.deadline, resolveIntervalMs: file.forward.resolve_interval,
      queueBytes: file.forward.queue_bytes,
      bodyLimitBytes: file.forward.body_limit, sample: file.forward.sample,
      redact: {
        headers: file.forward.redact.headers.map((it) => it.toLowerCase()),
        query: file.forward.redact.query, body: file.forward.redact.body,
      },
      drainTimeoutMs: file.forward.drain_timeout,
    },
    limits: {
      memoryBytes: file.limits.memory, flows: file.limits.flows, idleTimeoutMs: file.limits.idle_timeout,
      gapTimeoutMs: file.limits.gap_timeout,
      reorderMs: file.limits.reorder_time, stallTimeoutMs: file.limits.stall_timeout,
      gapBytes: file.limits.gap_bytes, reorderBytes: file.limits.reorder_bytes,
      fragmentsBytes: file.limits.fragments_bytes,
      fragmentTimeoutMs: file.limits.fragment_timeout, headBytes: file.limits.head_bytes,
      correctionBytes: file.limits.correction_bytes,
    },
    exchanges: exchangesOf(file.exchanges, wrong),
    log: {
      pretty: file.log.pretty, iso: file.log.iso, level: file.log.level, logFile: file.log.log_file,
      accessLog: {
        enabled: file.log.access_log.enabled, verbose: file.log.access_log.verbose,
        logFile: file.log.access_log.log_file ?? file.log.log_file,
      },
    },
    metrics: { enabled: metrics.enabled, listen: metrics.listen_address, recentRequests: metrics.recent_requests },
    healthCheck: { enabled: health.enabled, listen: health.listen_address },
    workers: file.workers,
  };
  oneWriterEach(settings, wrong);
  warnAboutClientsChoice(settings, findings.warnings);
  warnAboutRedaction(settings, findings.warnings);
  if (settings.forward.extProc.endpoint !== '' && !tcpStream.parseResponses) {
    findings.warnings.push('forward.ext_proc.endpoint is given, but tcp_stream.parse_responses is off: native nodes get requests without their responses');
  }
  return settings;
}

type Wrong = (path: Path, sentence: string) => void;

const MODES = ['tcp-capture-v2', 'tcp-capture'];
const OTHER_MODES = ['connector-server', 'envoy-external-filter'];

/** true = `goreplay`. */
function captureForm(file: FileValues, wrong: Wrong): boolean {
  const { mode } = file;
  if (mode !== undefined && !MODES.includes(mode)) {
    wrong(['mode'], OTHER_MODES.includes(mode)
      ? `'${mode}' takes requests from a proxy, which this service does not: for mirrored traffic write tcp-capture-v2`
      : `'${mode}' is not a mode; ${nearest(mode, MODES) ?? 'write tcp-capture-v2'}`);
    return file.goreplay !== undefined;
  }
  const older = mode === 'tcp-capture' || (mode === undefined && file.goreplay !== undefined);
  if (!older && file.goreplay !== undefined) wrong(['goreplay'], 'belongs to mode tcp-capture: write that mode, or the same as tcp_stream.from_interface or from_vxlan');
  return older;
}

function stream(
  file: FileValues, older: boolean, findings: Findings,
): { tcpStream: TcpStreamSettings; realIpHeader: string | null } {
  const { tcp_stream: newer, tcp_reassembler: reassembler, middleware, goreplay } = file;
  const capture = older ? translateGoreplay(goreplay?.filter, goreplay?.extra_args ?? []) : null;
  for (const { argument, sentence } of capture?.mistakes ?? []) {
    findings.mistakes.push({ path: argument === null ? ['goreplay', 'filter'] : ['goreplay', 'extra_args', argument], sentence });
  }
  findings.warnings.push(...capture?.warnings ?? []);
  findings.ignored.push(...(capture?.ignoredArguments ?? []).map((it) => `goreplay.extra_args ${it}`));

  const listed = newer.from_interface.map((it): InterfaceSettings => ({
    enabled: it.enabled, interface: it.interface, filter: it.filter, snapLenBytes: it.snap_len,
    promiscuous: it.promiscuous,
  }));
  const anotherSource = older || newer.from_geneve.enabled || listed.some((it) => it.enabled);
  const fromVxlan: VxlanSettings = {
    enabled: newer.from_vxlan.enabled ?? !anotherSource,
    listen: newer.from_vxlan.listen_addr,
    vniFilter: newer.from_vxlan.vni_filter,
    vniExclude: [],
    filter: newer.from_vxlan.filter,
    receiveBufferBytes: newer.from_vxlan.receive_buffer,
  };
  const { from_geneve: geneve } = newer;
  return {
    realIpHeader: capture?.realIpHeader ?? null,
    tcpStream: {
      fromVxlan: capture?.vxlan ? {
        ...fromVxlan, enabled: true, listen: { host: '0.0.0.0', port: capture.vxlan.port }, vniFilter: capture.vxlan.vniFilter,
        vniExclude: capture.vxlan.vniExclude,
        receiveBufferBytes: capture.receiveBufferBytes ?? fromVxlan.receiveBufferBytes,
      } : fromVxlan,
      fromGeneve: {
        enabled: geneve.enabled, listen: geneve.listen_addr, vniFilter: geneve.vni_filter, vniExclude: [],
        innerVniFilter: geneve.inner_vni_filter,
        filter: geneve.filter, receiveBufferBytes: geneve.receive_buffer,
      },
      fromInterface: [...listed, ...capture?.interfaces ?? []],
      ignoreIps: newer.ignore_ips.map((it) => ({ subnets: it.subnets, matchType: it.match_type })),
      onlyPorts: capture?.onlyPorts ?? [],
      parseResponses: newer.parse_responses ?? reassembler.parse_responses ?? goreplay?.parse_responses
        ?? middleware.parse_responses
        ?? capture?.trackResponse ?? false,
      responseTimeoutMs: newer.response_timeout ?? reassembler.response_timeout ?? goreplay?.response_timeout
        ?? middleware.response_timeout
        ?? RESPONSE_TIMEOUT_MS,
    },
  };
}

function extProcOf(it: FileValues['forward']['ext_proc'], wrong: Wrong): ExtProcSettings {
  const { ca_file: caFile, server_name: serverName } = it.tls;
  if (it.endpoint.startsWith('http://') && (caFile !== '' || serverName !== '')) {
    wrong(['forward', 'ext_proc', 'tls'], 'has no effect with an http:// endpoint: write https://, or leave tls out');
  }
  return {
    endpoint: it.endpoint, caFile, serverName, connections: it.connections, streams: it.streams,
    queueBytes: it.queue_bytes, bodyLimitBytes: it.body_limit,
  };
}

function exchangesOf({ s3, ...it }: FileValues['exchanges'], wrong: Wrong): ExchangeFileSettings {
  if (s3.bucket !== '' && it.file === '') wrong(['exchanges', 's3', 'bucket'], 'needs exchanges.file, where requests are written before they are uploaded');
  return {
    file: it.file, maxSizeBytes: it.max_size, maxFiles: it.max_files, queueBytes: it.queue_bytes, gzip: it.gzip,
    s3: {
      bucket: s3.bucket, prefix: s3.prefix, region: s3.region, endpoint: s3.endpoint,
      intervalMs: s3.interval, spoolBytes: s3.spool,
    },
  };
}

function filterOf(filter: FileValues['input_filters']['bypass'][number], path: Path, wrong: Wrong): InputFilter {
  if (filter.path !== undefined && filter.url !== undefined) wrong([...path, 'url'], 'is another name of path, which is given too: keep one of them');
  const headers = Object.entries(filter.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name] of Object.entries(filter.headers)) if (!isToken(name)) wrong([...path, 'headers', name], 'is not a header name');
  const hasPath = filter.path !== undefined || filter.url !== undefined;
  if (!hasPath && headers.length === 0 && filter.ip_addresses.length === 0) {
    wrong(path, 'has no condition, so it would match every request: give path, headers or ip_addresses');
  }
  return { path: filter.path ?? filter.url ?? null, headers, ipAddresses: filter.ip_addresses };
}

function healthCheckOf(entry: FileValues['health_checks'][number]): HealthCheckEntry {
  const headers = entry.headers.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { method: entry.method, target: entry.target, version: entry.version, headers };
}

function routesOf(entries: readonly RouteEntry[], above: Route, path: Path, wrong: Wrong): Route[] {
  return entries.flatMap((entry, i) => {
    const route: Route = {
      host: entry.host ?? above.host,
      route: entry.route ?? null,
      mode: entry.wallarm_mode satisfies RouteMode | undefined ?? above.mode,
      application: entry.wallarm_application ?? above.application,
      partnerClientUuid: entry.wallarm_partner_client_uuid ?? above.partnerClientUuid,
    };
    const here = [...path, i];
    if (entry.host === undefined && entry.route === undefined) wrong(here, 'has neither host nor route');
    return [route, ...routesOf(entry.routes ?? [], route, [...here, 'routes'], wrong)];
  });
}

/** Among exchanges nothing else may stand: that file is read by programs, and begun anew when it is full. */
function oneWriterEach({ exchanges, log }: Settings, wrong: Wrong): void {
  if (exchanges.file === '' || exchanges.file.startsWith('/dev/')) return;
  const file = absolute(exchanges.file);
  const same = absolute(log.logFile) === file ? 'log.log_file'
    : log.accessLog.enabled && absolute(log.accessLog.logFile) === file ? 'log.access_log.log_file' : undefined;
  if (same !== undefined) wrong(['exchanges', 'file'], `is the file of ${same} too: choose another`);
}

/** What detection cannot see is not found, whoever wrote it. */
function warnAboutRedaction({ forward: { redact: { headers, query, body } } }: Settings, warnings: string[]): void {
  const masked = [['headers', headers], ['query', query], ['body', body]] as const;
  const keys = masked.flatMap(([key, names]) => names.length > 0 ? [`forward.redact.${key}`] : []);
  if (keys.length === 0) return;
  warnings.push(`what ${keys.join(' and ')} ${keys.length === 1 ? 'masks' : 'mask'} is not inspected: an attack in it is not found; name only what holds secrets`);
}

/** Out of band, whoever writes a request also writes what these rules look at. */
function warnAboutClientsChoice(settings: Settings, warnings: string[]): void {
  const { inputFilters: { inspect, bypass }, routeConfig } = settings;
  const written = (it: InputFilter) => it.path !== null || it.headers.length > 0;
  if (bypass.some(written)) warnings.push('input_filters.bypass looks at path or headers, which clients write: an attacker can meet it and is then not inspected');
  if (inspect.some(written)) warnings.push('input_filters.inspect looks at path or headers, which clients write: an attacker can miss it and is then not inspected');
  if (routeConfig.routes.some((it) => it.mode === 'off') && routeConfig.mode !== 'off') {
    warnings.push('route_config turns inspection off for some hosts or paths, which clients write: use it only where every request is harmless');
  }
  if (routeConfig.mode === 'off' && routeConfig.routes.every((it) => it.mode === 'off')) warnings.push('route_config.wallarm_mode is off everywhere: no request is forwarded');
  if ([routeConfig.mode, ...routeConfig.routes.map((it) => it.mode)].some((it) => it === 'block' || it === 'safe_blocking')) {
    warnings.push('wallarm_mode block and safe_blocking act as monitoring: mirrored traffic cannot be blocked');
  }
}
