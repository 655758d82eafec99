// A Terraform module registry on loopback, so that `source = "wallarm/wallarm/aws"` is a folder of this checkout.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { TestContext } from 'node:test';

const STUBS: Readonly<Record<string, { readonly version: string; readonly folder: string }>> = {
  'wallarm/wallarm/aws': { version: '1.1.7', folder: 'test/terraform/wallarm-stub' },
};

/** Starts it for the time of a test. What it answers with is a block for Terraform's CLI configuration. */
export async function moduleRegistry(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    // Module registry protocol: /NAME/versions, and /NAME/VERSION/download with the place in a header.
    const found = /^\/v1\/modules\/(.+)\/(versions|[\d.]+\/download)$/.exec(request.url ?? '');
    const stub = STUBS[found?.[1] ?? ''];
    if (found === null || stub === undefined) {
      response.writeHead(404).end();
    } else if (found[2] === 'versions') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ modules: [{ versions: [{ version: stub.version }] }] }));
    } else {
      response.writeHead(204, { 'x-terraform-get': `file://${resolve(stub.folder)}` }).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.close(); });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  // Providers stay where they are: a host block replaces all that the host says of itself.
  return `host "registry.terraform.io" {
  services = {
    "modules.v1"   = "http://127.0.0.1:${address.port}/v1/modules/"
    "providers.v1" = "https://registry.terraform.io/v1/providers/"
  }
}
`;
}
