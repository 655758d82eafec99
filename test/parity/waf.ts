import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startNginx } from '../http-mirror/nginx.ts';
import { scratch } from '../http-mirror/program.ts';
import { freePort } from '../free-port.ts';
import { absent } from '../installed.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so';
const RULES = '/usr/share/modsecurity-crs/rules';

/**
 * Are NGINX's ModSecurity module and the OWASP Core Rule Set there? (Debian: libnginx-mod-http-modsecurity,
 * modsecurity-crs)
 */
export function wafInstalled(t: TestContext): boolean {
  return [MODULE, RULES].every(existsSync)
    || absent(t, 'libnginx-mod-http-modsecurity or modsecurity-crs is not installed: a real firewall judges what arrives');
}

interface Audited {
  readonly transaction: {
    readonly request: { readonly uri: string };
    readonly response: { readonly http_code: number };
    readonly messages: readonly { readonly details: { readonly ruleId: string } }[];
  };
}

/**
 * Real NGINX with ModSecurity and the Core Rule Set at its strictest level, detecting only, which writes down the rules
 * that each request set off.
 */
export class Waf {
  readonly port: number;
  readonly #log: string;

  private constructor(port: number, log: string) {
    this.port = port;
    this.#log = log;
  }

  static async start(t: TestContext): Promise<Waf> {
    const folder = scratch(t);
    const port = await freePort();
    const app = await freePort();
    const log = join(folder, 'audit.json');
    await startNginx(t, folder, `
      client_body_buffer_size 1m; large_client_header_buffers 8 64k; ignore_invalid_headers off; underscores_in_headers on;
      keepalive_requests 1000000;
      server { listen 127.0.0.1:${app}; keepalive_timeout 0; location / { return 200 ok; } }
      server { listen 127.0.0.1:${port}; modsecurity on; location / { proxy_pass http://127.0.0.1:${app}; }
      modsecurity_rules '
        SecRuleEngine DetectionOnly
        SecRequestBodyAccess On
        SecRequestBodyLimit 8388608
        SecResponseBodyAccess Off
        SecAuditEngine On
        SecAuditLogFormat JSON
        SecAuditLogType Serial
        SecAuditLogParts ABHZ
        SecAuditLog ${log}
        SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQUEST_HEADERS:Content-Type "xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        Include /etc/modsecurity/crs/crs-setup.conf
        SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level=4"
        Include ${RULES}/*.conf
      ';
      }`, [port, app], `load_module ${MODULE};`);
    return new Waf(port, log);
  }

  /** The rules of each request, by the number in its target; what NGINX refused to read has none. */
  hits(): Map<string, string[]> {
    const hits = new Map<string, string[]>();
    for (const line of readFileSync(this.#log, 'latin1').split('\n')) {
      if (line === '') continue;
      const { transaction: { request, response, messages } } = JSON.parse(line) as Audited;
      const number = /\/c(\d+)/.exec(request.uri)?.[1];
      if (number === undefined || response.http_code === 400) continue;
      hits.set(number, messages.map(({ details }) => details.ruleId).sort());
    }
    return hits;
  }
}
