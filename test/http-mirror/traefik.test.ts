// Traefik cannot be built from the modules that tests may download (one of its dependencies is refused), so that its
// configuration is judged against the reference files which Traefik generates from its own types and publishes in its
// Go module.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { have } from './program.ts';
import { examplePath, goModule, isObject, referenceFile } from './published-schema.ts';

const MODULE = 'github.com/traefik/traefik/v3@v3.7.13';

test('traefik: examples/http-mirror/traefik against the published reference', async (t) => {
  if (!have(t, 'go', 'https://go.dev/doc/install (it downloads the published reference)')) return;
  const reference = join(goModule(MODULE), 'docs/content/reference');
  const dynamicMistakes = referenceFile(join(reference, 'dynamic-configuration/file.yaml'));
  const staticMistakes = referenceFile(join(reference, 'static-configuration/file.yaml'));
  const load = (name: string): unknown => parse(readFileSync(examplePath(`http-mirror/traefik/${name}`), 'utf8'));
  const dynamic = load('dynamic.yml');

  await t.test('every option exists and has a value of its type', () => {
    assert.deepEqual(dynamicMistakes(dynamic), []);
    assert.deepEqual(staticMistakes(load('traefik.yml')), []);
  });

  await t.test('the judge finds a misspelt option and a value of another type', () => {
    assert.notDeepEqual(dynamicMistakes({ http: { services: { a: { mirroring: { service: 'b', maxBodysize: 1 } } } } }), []);
    assert.notDeepEqual(dynamicMistakes({ http: { services: { a: { mirroring: { service: 'b', maxBodySize: 'one' } } } } }), []);
    assert.notDeepEqual(staticMistakes({ entryPoints: { web: { addres: ':80' } } }), []);
  });

  await t.test('every name that is used is defined', () => {
    assert.ok(isObject(dynamic) && isObject(dynamic['http']));
    const { routers, services, middlewares, serversTransports } = dynamic['http'] as Record<string, Record<string, Record<string, unknown>>>;
    const used: [string, unknown][] = [];
    for (const { service, middlewares: chain } of Object.values(routers ?? {})) {
      used.push(['service', service]);
      for (const name of (chain ?? []) as string[]) used.push(['middleware', name]);
    }
    for (const { mirroring, loadBalancer } of Object.values(services ?? {})) {
      if (isObject(mirroring)) {
        used.push(['service', mirroring['service']]);
        for (const mirror of mirroring['mirrors'] as { name: string }[]) used.push(['service', mirror.name]);
      }
      if (isObject(loadBalancer) && 'serversTransport' in loadBalancer) used.push(['transport', loadBalancer['serversTransport']]);
    }
    const defined = {
      service: services, middleware: middlewares, transport: serversTransports,
    } as Record<string, Record<string, unknown> | undefined>;
    for (const [kind, name] of used) assert.ok(typeof name === 'string' && defined[kind]?.[name], `${kind} ${String(name)} is defined`);
    assert.ok(used.length >= 5);
  });
});
