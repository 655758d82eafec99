import { mistakeCases } from './settings-cases.ts';

mistakeCases([
  ['a bare number is no duration', 'tcp_stream: {response_timeout: 5}', 'tcp_stream.response_timeout', /5 has no unit: write 5s or 5ms/],
  ['a size with half a unit', 'limits: {memory: 64M}', 'limits.memory', /64MiB/],
  ['a number out of range', 'tcp_stream: {from_vxlan: {vni_filter: [16777216]}}', 'tcp_stream.from_vxlan.vni_filter[0]', /outside 0 to 16777215/],
  ['text for a flag', 'log: {pretty: "yes"}', 'log.pretty', /'yes' is not true or false/],
  ['text for a list', 'proxy_headers: [{real_ip: X-Real-IP}]', 'proxy_headers[0].real_ip', /is not a list/],
  ['a value for a section', 'log: debug', 'log', /not a section of keys/],
  ['a missing key', 'tcp_stream: {ignore_ips: [{subnets: [10.0.0.1]}]}', 'tcp_stream.ignore_ips[0].match_type', /is missing: write one of src/],
  ['a missing list', 'proxy_protocol: [{ports: [80]}]', 'proxy_protocol[0].trusted_networks', /is missing/],
  ['a pattern that is no RE2', 'input_filters: {bypass: [{path: "(?=x)"}]}', 'input_filters.bypass[0].path', /is no RE2 pattern/],
  ['https to the nodes', 'forward: {endpoint: "https://alb"}', 'forward.endpoint', /plain HTTP/],
  ['a path in the endpoint', 'forward: {endpoint: "http://alb/x"}', 'forward.endpoint', /host and port only/],
  ['native nodes without a port', 'forward: {ext_proc: {endpoint: "https://nodes.example"}}', 'forward.ext_proc.endpoint', /host and port/],
  ['native nodes by another protocol', 'forward: {ext_proc: {endpoint: "grpc://nodes.example:5080"}}', 'forward.ext_proc.endpoint', /https:\/\/host:port/],
  ['a name that no certificate has', 'forward: {ext_proc: {tls: {server_name: "a b"}}}', 'forward.ext_proc.tls.server_name', /host name/],
  ['a bucket written as an address', 'exchanges: {file: /x, s3: {bucket: "s3://logs/api"}}', 'exchanges.s3.bucket', /write logs here, and what follows it as prefix/],
  ['a name that no bucket has', 'exchanges: {file: /x, s3: {bucket: My_Bucket}}', 'exchanges.s3.bucket', /3 to 63 small letters/],
  ['a folder that no query can name', 'exchanges: {file: /x, s3: {prefix: "a b?"}}', 'exchanges.s3.prefix', /a folder such as exchanges\//],
  ['exchanges in plain text over a network', 'exchanges: {file: /x, s3: {endpoint: "http://minio.example:9000"}}', 'exchanges.s3.endpoint', /write https/],
  ['a bucket without a file', 'exchanges: {s3: {bucket: logs}}', 'exchanges.s3.bucket', /needs exchanges\.file/],
  ['a header that frames the message cannot be masked', 'forward: {redact: {headers: [Content-Length]}}', 'forward.redact.headers[0]', /frames/],
]);
