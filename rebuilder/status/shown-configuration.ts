import { stringify } from 'yaml';
import type { z } from 'zod';
import type { schema } from '../config/schema.ts';
import type {
  ForwardSettings, InputFilter, LimitSettings, ListenSettings, RouteSettings, Settings, TcpStreamSettings,
} from '../config/settings.ts';
import { writtenAddress, writtenDuration, writtenSize } from '../config/units.ts';

const MASK = '***';

type Constant<T> = T extends readonly (infer E)[] ? readonly Constant<E>[]
  : T extends object ? { readonly [K in keyof T]: Constant<T[K]> } : T;
type File = Constant<z.input<typeof schema>>;

/**
 * The settings in force as a configuration file would have them: its keys and units, defaults filled in, older forms
 * translated. What may be a secret is masked: values of headers, and whatever stands behind a `?`.
 */
export function shownConfiguration(settings: Settings): string {
  const { tcpStream, proxyHeaders, proxyProtocol, inputFilters, healthChecks, exchanges, log, metrics } = settings;
  const file: File = {
    tcp_stream: sources(tcpStream),
    proxy_headers: proxyHeaders.map((it) => ({
      trusted_networks: it.trustedNetworks ?? undefined, original_host: it.originalHost, real_ip: it.realIp,
    })),
    proxy_protocol: proxyProtocol.map((it) => ({ trusted_networks: it.trustedNetworks, ports: it.ports })),
    input_filters: { inspect: inputFilters.inspect.map(filter), bypass: inputFilters.bypass.map(filter) },
    health_checks: healthChecks.map(({ method, target, version, headers }) => ({
      method, target: target.replace(/\?.*$/s, `?${MASK}`), version, headers: headers.map(([name]) => `${name}: ${MASK}`),
    })),
    route_config: routes(settings.routeConfig),
    forward: forward(settings.forward),
    limits: limits(settings.limits),
    exchanges: {
      file: exchanges.file, max_size: writtenSize(exchanges.maxSizeBytes), max_files: exchanges.maxFiles,
      queue_bytes: writtenSize(exchanges.queueBytes), gzip: exchanges.gzip,
      s3: {
        bucket: exchanges.s3.bucket, prefix: exchanges.s3.prefix, region: exchanges.s3.region,
        endpoint: exchanges.s3.endpoint, interval: writtenDuration(exchanges.s3.intervalMs),
        spool: writtenSize(exchanges.s3.spoolBytes),
      },
    },
    log: {
      pretty: log.pretty, iso: log.iso, level: log.level, log_file: log.logFile,
      access_log: { enabled: log.accessLog.enabled, verbose: log.accessLog.verbose, log_file: log.accessLog.logFile },
    },
    metrics: { ...listening(metrics), recent_requests: metrics.recentRequests },
    health_check: listening(settings.healthCheck),
    workers: settings.workers,
  };
  return olderForms(tcpStream) + stringify(file, { lineWidth: 0 });
}

/** What only the older form of the file can say, as comments. */
function olderForms({ onlyPorts, fromVxlan }: TcpStreamSettings): string {
  return [
    ...onlyPorts.length > 0 ? [`# goreplay: only TCP ports ${onlyPorts.join(', ')}\n`] : [],
    ...fromVxlan.vniExclude.length > 0 ? [`# goreplay: not VNIs ${fromVxlan.vniExclude.join(', ')}\n`] : [],
  ].join('');
}

function sources(it: TcpStreamSettings): File['tcp_stream'] {
  const listener = (one: TcpStreamSettings['fromVxlan']) => ({
    enabled: one.enabled, listen_addr: writtenAddress(one.listen), vni_filter: one.vniFilter, filter: one.filter,
    receive_buffer: writtenSize(one.receiveBufferBytes),
  });
  return {
    from_vxlan: listener(it.fromVxlan),
    from_geneve: { ...listener(it.fromGeneve), inner_vni_filter: it.fromGeneve.innerVniFilter },
    from_interface: it.fromInterface.map((one) => ({
      enabled: one.enabled, interface: one.interface, filter: one.filter, snap_len: one.snapLenBytes,
      promiscuous: one.promiscuous,
    })),
    ignore_ips: it.ignoreIps.map(({ subnets, matchType }) => ({ subnets, match_type: matchType })),
    parse_responses: it.parseResponses, response_timeout: writtenDuration(it.responseTimeoutMs),
  };
}

const filter = ({ path, headers, ipAddresses }: InputFilter) => ({
  path: path ?? undefined, headers: Object.fromEntries(headers.map(([name]) => [name, MASK])),
  ip_addresses: ipAddresses,
});

const routed = (it: Pick<RouteSettings, 'mode' | 'application' | 'partnerClientUuid'>) => ({
  wallarm_mode: it.mode, wallarm_application: it.application ?? undefined,
  wallarm_partner_client_uuid: it.partnerClientUuid ?? undefined,
});

function routes(it: RouteSettings): File['route_config'] {
  return {
    ...routed(it),
    routes: it.routes.map((one) => ({ host: one.host ?? undefined, route: one.route ?? undefined, ...routed(one) })),
  };
}

function forward({ extProc, redact, ...it }: ForwardSettings): File['forward'] {
  return {
    endpoint: it.endpoint, raw_endpoint: it.rawEndpoint, loop_key_file: it.loopKeyFile, connections: it.connections,
    pipelining: it.pipelining, connect_timeout: writtenDuration(it.connectTimeoutMs),
    response_timeout: writtenDuration(it.responseTimeoutMs), idle_timeout: writtenDuration(it.idleTimeoutMs),
    attempts: it.attempts, deadline: writtenDuration(it.deadlineMs),
    resolve_interval: writtenDuration(it.resolveIntervalMs), queue_bytes: writtenSize(it.queueBytes),
    body_limit: writtenSize(it.bodyLimitBytes), sample: it.sample,
    redact: { headers: redact.headers, query: redact.query, body: redact.body },
    drain_timeout: writtenDuration(it.drainTimeoutMs),
    ext_proc: {
      endpoint: extProc.endpoint, tls: { ca_file: extProc.caFile, server_name: extProc.serverName },
      connections: extProc.connections, streams: extProc.streams, queue_bytes: writtenSize(extProc.queueBytes),
      body_limit: writtenSize(extProc.bodyLimitBytes),
    },
  };
}

function limits(it: LimitSettings): File['limits'] {
  return {
    memory: writtenSize(it.memoryBytes), flows: it.flows, idle_timeout: writtenDuration(it.idleTimeoutMs),
    gap_timeout: writtenDuration(it.gapTimeoutMs), reorder_time: writtenDuration(it.reorderMs),
    stall_timeout: writtenDuration(it.stallTimeoutMs), gap_bytes: writtenSize(it.gapBytes),
    reorder_bytes: writtenSize(it.reorderBytes), fragments_bytes: writtenSize(it.fragmentsBytes),
    fragment_timeout: writtenDuration(it.fragmentTimeoutMs), head_bytes: writtenSize(it.headBytes),
    correction_bytes: writtenSize(it.correctionBytes),
  };
}

const listening = ({ enabled, listen }: ListenSettings) => ({ enabled, listen_address: writtenAddress(listen) });
