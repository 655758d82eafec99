import { closest } from 'fastest-levenshtein';

/**
 * The oldest form of the file (`Version: 1`, `GoreplayMiddleware`, keys in PascalCase), renamed to today's keys.
 * Sections that only we have (forward, limits, …) may stand beside it and are taken as they are.
 */
interface Renamed {
  /** The same file in today's keys. */
  readonly values: Record<string, unknown>;
  /** Today's path -> the path in the file, both joined by `.`. */
  readonly origin: ReadonlyMap<string, string>;
  readonly mistakes: readonly { readonly path: readonly (string | number)[]; readonly sentence: string }[];
}

interface Names { readonly [name: string]: string | Names }

const ROUTE: Names = {
  Host: 'host', Route: 'route', Wallarm: { ApplicationId: 'wallarm_application', Mode: 'wallarm_mode' }, Routes: 'routes',
};

const NAMES: Names = {
  Version: 'version',
  GoreplayMiddleware: {
    Enabled: '',
    Goreplay: { Filter: 'goreplay.filter', ExtraArgs: 'goreplay.extra_args', Path: 'goreplay.path' },
    Middleware: {
      ParseResponses: 'goreplay.parse_responses', ResponseTimeout: 'goreplay.response_timeout', UrlNormalize: 'goreplay.url_normalize',
      RouteConfig: { Wallarm: { ApplicationId: 'route_config.wallarm_application', Mode: 'route_config.wallarm_mode' }, Routes: 'route_config.routes' },
    },
    Wallarm: {
      WallarmDirPath: 'http_inspector.wallarm_dir', RealIpHeader: 'http_inspector.real_ip_header', Workers: 'http_inspector.workers',
      ShmDir: 'http_inspector.shm_dir', EnableLibdetection: 'http_inspector.libdetection_enabled',
      APIFirewall: { Enabled: 'http_inspector.api_firewall_enabled', DatabasePath: 'http_inspector.api_firewall_database' },
    },
    WallarmExporter: { Address: 'postanalytics_exporter.address', Enabled: 'postanalytics_exporter.enabled' },
  },
  Log: { Pretty: 'log.pretty', Level: 'log.level', LogFile: 'log.log_file', ProtonLogMask: 'log.proton_log_mask' },
  Metrics: {
    Enabled: 'metrics.enabled', ListenAddress: 'metrics.listen_address',
    LegacyStatus: { Enabled: 'metrics.legacy_status.enabled', ListenAddress: 'metrics.legacy_status.listen_address' },
  },
  HealthCheck: { Enabled: 'health_check.enabled', ListenAddress: 'health_check.listen_address' },
};

export const isVersion1 = (file: Record<string, unknown>): boolean => 'Version' in file || 'GoreplayMiddleware' in file;

export function renameVersion1(file: Record<string, unknown>): Renamed {
  const values: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  const mistakes: { path: (string | number)[]; sentence: string }[] = [];

  const rename = (
    from: Record<string, unknown>, names: Names, path: readonly (string | number)[], into: Record<string, unknown>,
    at: string,
  ): void => {
    for (const [name, value] of Object.entries(from)) {
      const here = [...path, name];
      const to = names[name];
      if (to === undefined) {
        if (path.length === 0 && !/^[A-Z]/.test(name)) values[name] = value;
        else mistakes.push({ path: here, sentence: `is not a key here; did you mean '${closest(name, Object.keys(names))}'?` });
      } else if (typeof to !== 'string') {
        if (isMap(value)) rename(value, to, here, into, at);
        else if (value !== null) mistakes.push({ path: here, sentence: 'is not a section of keys' });
      } else if (to !== '') {
        const target = at === '' ? to : `${at}.${to}`;
        origin.set(target, here.join('.'));
        set(into, to.split('.'), to.endsWith('routes') && Array.isArray(value) ? routes(value, here, target) : value);
      } else if (value === false) {
        mistakes.push({ path: here, sentence: 'is false, so nothing would be captured: set it to true' });
      }
    }
  };
  const routes = (
    entries: readonly unknown[], path: (string | number)[], at: string,
  ): unknown[] => entries.map((entry, i) => {
    if (!isMap(entry)) return entry;
    const into: Record<string, unknown> = {};
    origin.set(`${at}.${i}`, [...path, i].join('.'));
    rename(entry, ROUTE, [...path, i], into, `${at}.${i}`);
    return into;
  });

  rename(file, NAMES, [], values, '');
  // The oldest form has no mode; `Version: 1` names it.
  values['mode'] ??= 'tcp-capture';
  values['goreplay'] ??= {};
  return { values, origin, mistakes };
}

function set(into: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined) return;
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const next = into[name];
  set(isMap(next) ? next : (into[name] = {}), rest, value);
}

export const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
