import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fn } from 'cdktn';
import { terraformNames } from '../../cdktf/terraform-names.ts';

const SHAPE = { vni_filter: 0, proxy_headers: [{ trusted_networks: 0, real_ip: 0 }], by_word: { '*': { from_port: 0 } } } as const;

test('names become Terraform\'s at every level; the user\'s own keys and what is not given stay out of it', () => {
  assert.deepEqual(
    terraformNames({ vniFilter: [7], proxyHeaders: [{ trustedNetworks: ['10.0.0.0/8'], realIp: undefined }], byWord: { httpPort: { fromPort: 80 } } }, SHAPE, 'config'),
    { vni_filter: [7], proxy_headers: [{ trusted_networks: ['10.0.0.0/8'] }], by_word: { httpPort: { from_port: 80 } } },
  );
});

test('what is known after the apply only passes as it is', () => {
  const later = Fn.merge([{}, {}]);
  assert.equal(terraformNames(later, SHAPE, 'config'), later);
  assert.deepEqual(terraformNames({ byWord: later }, SHAPE, 'config'), { by_word: later });
});

test('a name that Terraform would drop without a word is an error that names it and those there are', () => {
  assert.throws(() => terraformNames({ proxyHeaders: [{ trustedNetworks: [], realip: [] }] }, SHAPE, 'config'),
    /^Error: config\.proxyHeaders\[0\] has no realip: there are trustedNetworks, realIp$/);
});
