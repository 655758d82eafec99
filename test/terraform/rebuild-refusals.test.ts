import { refuses } from './refusals.ts';

const ARN = (name: string): string => `"arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/${name}/0123456789abcdef"`;
const ENDPOINT = { detection_target_group_arn: 'null', raw_target_group_arn: 'null', mirror_endpoint: '"http://nodes.internal:8445"' };

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

  { name: 'no artifact', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null' }, sentence: 'No artifact to install: build one in the checkout with `npm ci && npm run package`' },
  { name: 'an artifact that is not there', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null', artifact_file: '"dist/none.tar.gz"' }, sentence: 'artifact_file does not name a file. Build it in the checkout with: npm ci && npm run package' },
  { name: 'a folder as artifact', variables: { artifact_s3_uri: 'null', artifact_sha256: 'null', artifact_file: '"templates"' }, sentence: 'artifact_file does not name a file' },
  { name: 'two artifacts', variables: { artifact_file: '"main.tf"' }, sentence: 'Both artifact_file and artifact_s3_uri are given' },
  { name: 'an artifact in S3 without its checksum', variables: { artifact_sha256: 'null' }, sentence: 'artifact_s3_uri needs artifact_sha256' },
  { name: 'a checksum that is none', variables: { artifact_sha256: '"abc"' }, sentence: 'artifact_sha256 must be 64 lower-case hexadecimal digits' },
  { name: 'an S3 address that is none', variables: { artifact_s3_uri: '"https://bucket/key"' }, sentence: 'artifact_s3_uri must be s3://bucket/key' },

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
  { name: 'a drain of a second', variables: { drain_seconds: '1' }, sentence: 'drain_seconds must be 30 to 3600' },
  { name: 'a retention that CloudWatch does not have', variables: { log_retention_in_days: '31' }, sentence: 'log_retention_in_days must be a number of days that CloudWatch Logs offers' },
  { name: 'a prefix in capitals', variables: { name_prefix: '"Mirror"' }, sentence: 'name_prefix must be 3 to 31 lower-case letters' },

  { name: 'a VNI of 16777216', variables: { config: '{ vni_filter = [16777216] }' }, sentence: 'config.vni_filter must hold whole numbers from 0 to 16777215' },
  { name: 'a match type that is none', variables: { config: '{ ignore_ips = [{ subnets = ["10.0.0.0/8"], match_type = "both" }] }' }, sentence: 'config.ignore_ips[].match_type must be src, dst, src_or_dst or src_and_dst' },
  { name: 'a trusted network that is none', variables: { config: '{ proxy_headers = [{ trusted_networks = ["proxy"], real_ip = ["X-Forwarded-For"] }] }' }, sentence: 'must be networks in CIDR notation' },
  { name: 'a log level that is none', variables: { config: '{ log_level = "loud" }' }, sentence: 'config.log_level must be debug, info, warn or error' },
  { name: 'more configuration than user data takes', variables: { ...ENDPOINT, config_extra: '{ padding = join("", [for n in range(1024) : "0123456789abcdef"]) }' }, sentence: 'EC2 takes 16384' },
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
