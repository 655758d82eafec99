import { mistakeCases, settingsCases } from './settings-cases.ts';

settingsCases('newer-form.yaml');

mistakeCases([
  ['a mode of another product', 'mode: connector-server', 'mode', /tcp-capture-v2/],
  ['a filter without a condition', 'input_filters: {bypass: [{}]}', 'input_filters.bypass[0]', /would match every request/],
  ['path and url at once', 'input_filters: {bypass: [{path: a, url: a}]}', 'input_filters.bypass[0].url', /keep one/],
  ['two forms at once', 'mode: tcp-capture-v2\ngoreplay: {filter: "eth0:"}', 'goreplay', /belongs to mode tcp-capture/],
  ['two rules for the client address', 'http_inspector: {real_ip_header: X-Real-IP}\nproxy_headers: [{trusted_networks: [10.0.0.0/8]}]',
    'http_inspector.real_ip_header', /keep one/],
  ['TLS options for a plain endpoint', 'forward: {ext_proc: {endpoint: "http://n:5080", tls: {server_name: n}}}', 'forward.ext_proc.tls', /https/],
  ['the same port twice', 'metrics: {listen_address: ":9000"}\nhealth_check: {listen_address: ":9000"}', 'health_check.listen_address', /choose another/],
  ['exchanges and log in one file', 'exchanges: {file: /var/x.log}\nlog: {log_file: /var/./x.log}', 'exchanges.file', /^is the file of log.log_file too: choose another$/],
  ['exchanges and access log in one file', 'exchanges: {file: x.log}\nlog: {access_log: {enabled: true, log_file: ./x.log}}', 'exchanges.file', /of log.access_log.log_file too/],
]);
