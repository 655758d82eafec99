import { refuses } from './refusals.ts';

const ARN = (name: string): string => `"arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/${name}/0123456789abcdef"`;
const ENDPOINT = { detection_target_group_arn: 'null', raw_target_group_arn: 'null', mirror_endpoint: '"http://nodes.internal:8445"' };

const NO_HTTP = { detection_target_group_arn: 'null', raw_target_group_arn: 'null' };

const zones = (names: readonly string[]): string => names.map((zone, index) => `
  override_data {
    target = data.aws_subnet.this[${index}]
    values = { availability_zone = "${zone}", vpc_id = "vpc-0a", cidr_block = "10.0.${index}.0/24" }
  }`).join('');

/** Data sources that the module reads, as AWS would answer. */
const MOCKS = `
  mock_data "aws_vpc" { defaults = { cidr_block = "10.0.0.0/16" } }
  mock_data "aws_region" { defaults = { name = "eu-west-2" } }
  mock_data "aws_partition" { defaults = { partition = "aws" } }
  mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }
  mock_data "aws_ssm_parameter" { defaults = { insecure_value = "ami-0a" } }
  mock_data "aws_autoscaling_groups" { defaults = { names = [] } }
  mock_data "aws_default_tags" { defaults = { tags = {} } }
${zones(['eu-west-2a', 'eu-west-2b'])}
`;
refuses('modules/vpc-mirror-rebuild', [
  { name: 'neither endpoint nor target group', variables: { detection_target_group_arn: 'null', raw_path_enabled: 'false', raw_target_group_arn: 'null' }, sentence: 'Neither mirror_endpoint nor detection_target_group_arn is given' },
  { name: 'both endpoint and target group', variables: { mirror_endpoint: ENDPOINT.mirror_endpoint, raw_target_group_arn: 'null' }, sentence: 'Both mirror_endpoint and detection_target_group_arn are given' },
  { name: 'a target group without its raw path', variables: { raw_target_group_arn: 'null' }, sentence: 'The raw path needs raw_target_group_arn' },
  { name: 'a raw target group that nothing leads to', variables: { raw_path_enabled: 'false' }, sentence: 'raw_target_group_arn is given, but the raw path is off' },
  { name: 'two raw paths', variables: { ...ENDPOINT, raw_path_enabled: 'true', raw_target_group_arn: ARN('raw'), raw_endpoint: '"nodes:8445"' }, sentence: 'raw_endpoint and the NLB\'s own raw path are both on' },
  { name: 'a target group that is none', variables: { detection_target_group_arn: '"arn:aws:s3:::bucket"' }, sentence: 'detection_target_group_arn must be the ARN of a target group' },
  { name: 'a raw target group that is none', variables: { raw_target_group_arn: '"nodes"' }, sentence: 'raw_target_group_arn must be the ARN of a TCP target group' },
  { name: 'an endpoint with a path', variables: { ...ENDPOINT, mirror_endpoint: '"http://nodes:8445/path"' }, sentence: 'mirror_endpoint must be http://host:port, without a path' },
  { name: 'an endpoint without a scheme', variables: { ...ENDPOINT, mirror_endpoint: '"nodes:8445"' }, sentence: 'mirror_endpoint must be http://host:port' },
  { name: 'a raw endpoint with a scheme', variables: { ...ENDPOINT, raw_endpoint: '"http://nodes:8445"' }, sentence: 'raw_endpoint must be host:port' },

  { name: 'HTTP and native nodes, without saying both', variables: { ext_proc: `{ target_group_arn = ${ARN('native')}, server_name = "nodes.example.com" }` }, sentence: 'set ext_proc.beside_http = true to deliver both ways' },
  { name: 'native nodes without a target group', variables: { ...NO_HTTP, ext_proc: '{ server_name = "nodes.example.com" }' }, sentence: 'ext_proc needs target_group_arn' },
  { name: 'native nodes without the name in their certificate', variables: { ...NO_HTTP, ext_proc: `{ target_group_arn = ${ARN('native')} }` }, sentence: 'ext_proc needs server_name' },
  { name: 'native nodes at an address without a port', variables: { ...NO_HTTP, ext_proc: '{ endpoint = "https://nodes.internal" }' }, sentence: 'ext_proc.endpoint must be https://host:port' },
  { name: 'an authority that is a file name', variables: { ...NO_HTTP, ext_proc: '{ endpoint = "https://nodes.internal:5080", ca_pem = "ca.pem" }' }, sentence: 'ext_proc.ca_pem must hold certificates as PEM' },

  { name: 'no artifact', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null' }, sentence: 'No artifact to install: build one in the checkout with `npm ci && npm run package`' },
  { name: 'an artifact that is not there', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null', artifact_file: '"dist/none.tar.gz"' }, sentence: 'artifact_file does not name a file. Build it in the checkout with: npm ci && npm run package' },
  { name: 'a folder as artifact', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null', artifact_file: '"templates"' }, sentence: 'artifact_file does not name a file' },
  { name: 'two artifacts', variables: { artifact_file: '"main.tf"' }, sentence: 'Both artifact_file and artifact_s3_uri are given' },
  { name: 'an artifact in S3 without its checksum', variables: { artifact_sha256: 'null' }, sentence: 'artifact_s3_uri needs artifact_sha256' },
  { name: 'a checksum that is none', variables: { artifact_sha256: '"abc"' }, sentence: 'artifact_sha256 must be 64 lower-case hexadecimal digits' },
  { name: 'an S3 address that is none', variables: { artifact_s3_uri: '"https://bucket/key"' }, sentence: 'artifact_s3_uri must be s3://bucket/key' },

  { name: 'exchanges that expire at once', variables: { exchanges: '{ expiration_days = 0 }' }, sentence: 'exchanges.expiration_days must be a whole number of 1 or more' },
  { name: 'exchanges under an alias', variables: { exchanges: '{ kms_key_arn = "alias/mine" }' }, sentence: 'exchanges.kms_key_arn must be the ARN of a KMS key' },
  { name: 'an interval without a unit', variables: { exchanges: '{ interval = "300" }' }, sentence: 'exchanges.interval must be a duration' },

  { name: 'no mirrored network', variables: { mirrored_cidrs: '[]' }, sentence: 'mirrored_cidrs must name at least one network' },
  { name: 'a mirrored network that is an address', variables: { mirrored_cidrs: '["10.0.0.1"]' }, sentence: 'mirrored_cidrs must hold IPv4 networks in CIDR notation' },
  { name: 'the whole internet as mirrored network', variables: { mirrored_cidrs: '["0.0.0.0/0"]' }, sentence: 'mirrored_cidrs must not be wider than a /8' },
  { name: 'a mirrored network with host bits', variables: { mirrored_cidrs: '["10.0.0.1/16"]' }, sentence: 'mirrored_cidrs must hold IPv4 networks in CIDR notation, without host bits' },
  { name: 'detection networks malformed', variables: { detection_cidrs: '["10.0.0.0/33"]' }, sentence: 'detection_cidrs must hold IPv4 networks' },
  { name: 'endpoint networks malformed', variables: { mirror_endpoint_cidrs: '["ten"]' }, sentence: 'mirror_endpoint_cidrs must hold IPv4 networks' },
  { name: 'HTTP mirror networks malformed', variables: { http_mirror_cidrs: '["10.0.0.0"]' }, sentence: 'http_mirror_cidrs must hold IPv4 networks' },
  { name: 'egress networks malformed', variables: { https_egress_cidrs: '["any"]' }, sentence: 'https_egress_cidrs must hold IPv4 networks' },
  { name: 'a detection port of 0', variables: { detection_ports: '[0]' }, sentence: 'detection_ports must hold whole numbers from 1 to 65535' },

  { name: 'one subnet', variables: { subnet_ids: '["subnet-0a"]' }, sentence: 'subnet_ids must name two different subnets at least' },
  { name: 'a subnet twice', variables: { subnet_ids: '["subnet-0a", "subnet-0a"]' }, sentence: 'subnet_ids must name two different subnets at least' },
  { name: 'a VPC that is none', variables: { vpc_id: '"subnet-0a"' }, sentence: 'vpc_id must be a VPC ID' },
  { name: 'subnets of another VPC', variables: { vpc_id: '"vpc-0b"' }, sentence: 'is in vpc-0a, not in vpc_id vpc-0b' },

  { name: 'one rebuilder', variables: { min_size: '1' }, sentence: 'min_size must be a whole number, 2 or more' },
  { name: 'a smallest number larger than the largest', variables: { min_size: '5', max_size: '4' }, sentence: 'min_size (5) is larger than max_size (4)' },
  { name: 'an x86 instance for arm64', variables: { instance_type: '"c7i.large"' }, sentence: 'instance_type c7i.large is not arm64' },
  { name: 'a Graviton instance for x86_64', variables: { architecture: '"x86_64"', instance_type: '"t4g.small"' }, sentence: 'instance_type t4g.small is not x86_64' },
  { name: 'an architecture that is none', variables: { architecture: '"riscv"' }, sentence: 'architecture must be arm64 or x86_64' },
  { name: 'a root volume too small for the image', variables: { root_volume: '{ size_gib = 4 }' }, sentence: 'root_volume.size_gib must be 8 or more' },
  { name: 'a CPU target of 100', variables: { scaling: '{ cpu_percent = 100 }' }, sentence: 'scaling.cpu_percent must be 10 to 90' },
  { name: 'a scaling key misspelt', variables: { scaling: '{ cpu = 50 }' }, sentence: 'scaling has keys that are not known: cpu. It takes cpu_percent and' },
  { name: 'a scaling key misspelt beside a right one', variables: { scaling: '{ cpu_percent = 50, network_in = 1 }' }, sentence: 'scaling has keys that are not known: network_in. It' },
  { name: 'no scaling key', variables: { scaling: '{}' }, sentence: 'scaling has neither cpu_percent nor network_in_bytes_per_minute' },
  { name: 'a root volume key misspelt', variables: { root_volume: '{ kms_key_arn = "arn:aws:kms:eu-west-2:123456789012:key/0a" }' }, sentence: 'root_volume has keys that are not known: kms_key_arn. It takes' },
  { name: 'a root volume that is no number', variables: { root_volume: '{ size_gib = "ten" }' }, sentence: 'size_gib must be a number, and kms_grant true or false' },
  { name: 'an alarm threshold misspelt', variables: { alarm_thresholds: '{ lost = 10, requests_lost = 5 }' }, sentence: 'alarm_thresholds has keys that are not known: lost. It takes requests_lost, ' },
  { name: 'two minutes of silence', variables: { alarm_thresholds: '{ silent_minutes = 2 }' }, sentence: 'alarm_thresholds.silent_minutes must be 5 to 1440' },
  { name: 'an account that is no ARN', variables: { gateway_load_balancer: '{ allowed_principals = ["210987654321"] }' }, sentence: 'gateway_load_balancer.allowed_principals must hold ARNs' },
  { name: 'a configuration key misspelt', variables: { config: '{ proxy_header = [] }' }, sentence: 'config has none of the keys ignore_ips, log_level, ' },
  { name: 'a proxy header rule without a header', variables: { config: '{ proxy_headers = [{ trusted_networks = ["10.0.0.0/8"], realip = ["X-Forwarded-For"] }] }' }, sentence: 'config.proxy_headers[] has neither real_ip nor original_host' },
  { name: 'a volume key by its alias', variables: { root_volume: '{ kms_key_id = "alias/ebs" }' }, sentence: 'root_volume.kms_key_id must be the ARN of a KMS key' },
  { name: 'a log key by its id', variables: { log_kms_key_arn: '"0123abcd-0000-0000-0000-000000000000"' }, sentence: 'log_kms_key_arn must be the ARN of a KMS key' },
  { name: 'a role in place of the service-linked one', variables: { service_linked_role_arn: '"arn:aws:iam::123456789012:role/mine"' }, sentence: 'service_linked_role_arn must be the ARN of a service-linked role' },
  { name: 'no way out', variables: { https_egress_cidrs: '[]' }, sentence: 'https_egress_cidrs and https_egress_prefix_list_ids are both empty' },
  { name: 'a prefix list that is none', variables: { https_egress_prefix_list_ids: '["com.amazonaws.eu-west-2.s3"]' }, sentence: 'https_egress_prefix_list_ids must hold prefix list IDs' },
  { name: 'a path without its slashes', variables: { iam_path: '"service"' }, sentence: 'iam_path must begin and end with a slash' },
  { name: 'a boundary that is no policy', variables: { iam_permissions_boundary_arn: '"arn:aws:iam::123456789012:role/boundary"' }, sentence: 'iam_permissions_boundary_arn must be the ARN of an IAM policy' },
  { name: 'a tag of AWS', variables: { tags: '{ "aws:owner" = "me" }' }, sentence: 'tags must not have keys that begin with aws:' },
  { name: 'no version kept', variables: { artifact_versions_kept: '0' }, sentence: 'artifact_versions_kept must be a whole number from 1 to 100' },
  { name: 'a drain of a second', variables: { drain_seconds: '1' }, sentence: 'drain_seconds must be 30 to 3600' },
  { name: 'a retention that CloudWatch does not have', variables: { log_retention_in_days: '31' }, sentence: 'log_retention_in_days must be a number of days that CloudWatch Logs offers' },
  { name: 'a prefix in capitals', variables: { name_prefix: '"Mirror"' }, sentence: 'name_prefix must be 3 to 31 lower-case letters' },

  { name: 'a VNI of 16777216', variables: { config: '{ vni_filter = [16777216] }' }, sentence: 'config.vni_filter must hold whole numbers from 0 to 16777215' },
  { name: 'a match type that is none', variables: { config: '{ ignore_ips = [{ subnets = ["10.0.0.0/8"], match_type = "both" }] }' }, sentence: 'config.ignore_ips[].match_type must be src, dst, src_or_dst or src_and_dst' },
  { name: 'a trusted network that is none', variables: { config: '{ proxy_headers = [{ trusted_networks = ["proxy"], real_ip = ["X-Forwarded-For"] }] }' }, sentence: 'must be networks in CIDR notation' },
  { name: 'a log level that is none', variables: { config: '{ log_level = "loud" }' }, sentence: 'config.log_level must be debug, info, warn or error' },
  // With the ALB, whose name is known after the apply only. Hexadecimal digits of hashes cannot be compressed to less
  // than half.
  { name: 'more configuration than user data takes', variables: { config: '{ routes_off = [for n in range(400) : sha512(tostring(n))] }' }, sentence: 'EC2 takes 16384' },
  { name: 'the same in three bytes a character', variables: { config: '{ routes_off = [for n in range(300) : join("", [for at in range(0, 128, 2) : jsondecode("\\"\\\\u4e${substr(sha512(tostring(n)), at, 2)}\\"")])] }' }, sentence: 'EC2 takes 16384' },
  { name: 'an unknown section of the configuration', variables: { config_extra: '{ limit = { memory = "1GiB" } }' }, sentence: 'config_extra has keys that the rebuilder\'s configuration does not: limit (known there: ' },
  { name: 'an unknown key of a section', variables: { config_extra: '{ forward = { sampel = 0.5 } }' }, sentence: 'forward.sampel (known there: ' },
  { name: 'an unknown key of a section in a section', variables: { config_extra: '{ tcp_stream = { from_vxlan = { recieve_buffer = "1MiB" } } }' }, sentence: 'tcp_stream.from_vxlan.recieve_buffer (known there: ' },
  { name: 'an unknown key of an entry of a list', variables: { config_extra: '{ input_filters = { bypass = [{ path = "/a" }, { paths = "/b" }] } }' }, sentence: 'input_filters.bypass.paths (known there: ' },
  { name: 'an unknown key of a route in a route', variables: { config_extra: '{ route_config = { routes = [{ route = "/a", routes = [{ rout = "/a/b" }] }] } }' }, sentence: 'route_config.routes.rout (known there: ' },
  { name: 'a parameter name with a space', variables: { loop_key_parameter: '"loop key"' }, sentence: 'loop_key_parameter must be the name of an SSM parameter' },
], {
  mocks: MOCKS,
  good: {
    vpc_id: '"vpc-0a"',
    subnet_ids: '["subnet-0a", "subnet-0b"]',
    mirrored_cidrs: '["10.0.0.0/16"]',
    detection_target_group_arn: ARN('nodes'),
    raw_target_group_arn: ARN('raw'),
    artifact_s3_uri: '"s3://bucket/vpc-mirror.tar.gz"',
    artifact_sha256: `"${'0'.repeat(64)}"`,
  },
});
