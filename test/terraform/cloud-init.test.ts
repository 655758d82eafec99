// The reviewed cloud-init scripts are read by those that will read them: bash, the rebuilder, parsers of the agent's
// formats.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { rootCertificates } from 'node:tls';
import { globSync } from 'tinyglobby';
import { parse } from 'yaml';
import { familyOf } from '../../rebuilder/status/metrics.ts';
import { COUNTER_NAMES } from '../../rebuilder/ledger.ts';

interface Declaration {
  readonly source_labels: string[];
  readonly label_matcher: string;
  readonly metric_selectors: string[];
}
interface Agent {
  readonly logs: { readonly metrics_collected: { readonly prometheus: { readonly emf_processor: EmfProcessor } } };
}
interface EmfProcessor { readonly metric_declaration: Declaration[] }

const SCRIPTS = globSync('test/terraform/golden/*/cloud-init.sh').sort();

/** The text of a file that the script writes. */
function written(script: string, path: string): string {
  const found = new RegExp(`^cat > ${path} << 'END_OF_FILE'\\n([\\s\\S]*?)^END_OF_FILE$`, 'm').exec(readFileSync(script, 'utf8'));
  assert.ok(found, `${script} writes ${path}`);
  return found[1]!;
}

function temporary(t: TestContext, name: string, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'cloud-init-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

test('there is a reviewed script of each example', () => {
  assert.deepEqual(SCRIPTS.map((script) => basename(dirname(script))), ['existing-vpc', 'vpc-mirror-native', 'vpc-mirror']);
});

for (const script of SCRIPTS) {
  const name = basename(dirname(script));

  test(`${name}: bash reads the script`, () => {
    const { status, stderr } = spawnSync('bash', ['-n', script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });

  test(`${name}: the rebuilder takes the configuration`, (t) => {
    // The authority of native nodes is a file that the script writes, too: here, one that is real.
    const authority = temporary(t, 'ca.pem', rootCertificates[0]!);
    const text = written(script, '/etc/vpc-mirror/wallarm-node-conf.yaml').replace('/etc/vpc-mirror/native-nodes-ca.pem', authority);
    const file = temporary(t, 'wallarm-node-conf.yaml', text);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['rebuilder/rebuilder.js', 'check', '-c', file], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });

  test(`${name}: the agent scrapes the rebuilder, and picks metrics that it has`, () => {
    const prometheus: { scrape_configs: { static_configs: { targets: string[] }[] }[] } = parse(written(script, '/etc/vpc-mirror/prometheus.yaml'));
    const config: { metrics: { listen_address: string } } = parse(written(script, '/etc/vpc-mirror/wallarm-node-conf.yaml'));
    assert.deepEqual(prometheus.scrape_configs[0]!.static_configs[0]!.targets, [config.metrics.listen_address]);

    // What the alarms and the dashboard look at, told apart as the agent does.
    const agent: Agent = JSON.parse(written(script, '/etc/vpc-mirror/cloudwatch-agent.json'));
    const declarations = agent.logs.metrics_collected.prometheus.emf_processor.metric_declaration;
    const picked = (metric: string, labels: Record<string, string>): boolean =>
      declarations.some(({ source_labels, label_matcher, metric_selectors }) =>
        source_labels.every((label) => new RegExp(label_matcher).test(labels[label] ?? ''))
        && metric_selectors.some((one) => new RegExp(one).test(metric)));
    const job = 'rebuilder';
    const chosen = COUNTER_NAMES.filter((counter) => picked(familyOf(counter), { job, name: counter }));
    for (const counter of ['capture.frames', 'capture.kernel_drops', 'tcp.stream_bytes', 'http.requests', 'forward.delivered'] as const) {
      assert.ok(chosen.includes(counter), counter);
    }
    // Lost are those that could not be delivered; what was left out on purpose is not, nor a line of the exchange file.
    const lost = COUNTER_NAMES.filter((counter) => familyOf(counter) === 'rebuilder_requests_lost_total');
    assert.deepEqual(lost.filter((counter) => !chosen.includes(counter)).sort(), ['exchanges.lost_request', 'http.duplicate_view']);
    assert.deepEqual(chosen.filter((counter) => familyOf(counter) === 'rebuilder_events_total').sort(),
      ['capture.kernel_drops', 'http.readings_limit', 'http.second_readings', 'tcp.readings_limit']);
    for (const gauge of ['rebuilder_endpoint_up', 'rebuilder_queue_bytes', 'rebuilder_requests_in_flight']) assert.ok(picked(gauge, { job }), gauge);
  });

  test(`${name}: no secret is in the script, and nothing is fetched but packages and the checked tarball`, () => {
    const text = readFileSync(script, 'utf8');
    assert.doesNotMatch(text, /secret|token/i);
    assert.doesNotMatch(text, /\b(curl|wget|git|npm|pip|make|gcc)\b/);
    assert.ok(text.indexOf('sha256sum --check') < text.indexOf('tar --extract'));
  });
}
