import { refuses } from './refusals.ts';

const SECRET = '"arn:aws:secretsmanager:eu-west-2:111122223333:secret:wallarm/api-token-AbCdEf"';
const NATIVE = {
  kind: '"native"', certificate: `{ secret_arn = ${SECRET} }`, installer: `{ url = "https://meganode.wallarm.com/native/aio.sh", sha256 = "${'0'.repeat(64)}" }`,
};

refuses('modules/wallarm-nodes', [
  { name: 'no token', variables: { token_secret_arn: 'null' }, sentence: 'No token: put it into AWS Secrets Manager and set token_secret_arn, or set token' },
  { name: 'two tokens', variables: { token: '"abc"' }, sentence: 'Both token and token_secret_arn are given' },
  { name: 'an ARN without its last characters', variables: { token_secret_arn: '"arn:aws:secretsmanager:eu-west-2:111122223333:secret:token"' }, sentence: 'token_secret_arn must be the whole ARN of a secret' },
  { name: 'a token that a shell would run', variables: { token_secret_arn: 'null', token: '"a\'; reboot; \'"' }, sentence: 'token must hold letters, digits and' },
  { name: 'a host elsewhere', variables: { host: '"api.wallarm.com.example"' }, sentence: 'host must be the API of your Wallarm Cloud' },
  { name: 'a label with a quote', variables: { labels: '{ group = "it\'s" }' }, sentence: 'labels must hold letters, digits' },
  { name: 'a mode that blocks', variables: { mode: '"block"' }, sentence: 'mode must be monitoring or off: a copy cannot be blocked' },
  { name: 'a tenant that is none', variables: { tenants: '["acme"]' }, sentence: 'tenants must hold UUIDs in lower case' },
  { name: 'a version that is none', variables: { node_version: '"latest"' }, sentence: 'node_version must be a version from 4 on' },
  { name: 'nobody who may reach a node', variables: { source_security_group_ids: '{}' }, sentence: 'source_security_group_ids must name the security groups of the load balancers' },
  { name: 'more nodes than allowed', variables: { min_size: '5' }, sentence: 'min_size (5) is larger than max_size (4)' },
  { name: 'a Graviton instance under an x86 image', variables: { instance_type: '"t4g.medium"' }, sentence: 'instance_type t4g.medium is not x86_64' },
  { name: 'an NGINX node on arm64', variables: { architecture: '"arm64"', instance_type: '"t4g.medium"' }, sentence: 'The images of NGINX nodes are for x86_64 only' },
  { name: 'a tag of AWS\'s own', variables: { tags: '{ "aws:team" = "x" }' }, sentence: 'tags must not begin with aws:' },
  { name: 'a misspelt key of the volume', variables: { root_volume: '{ size = 50, kms_grant = false }' }, sentence: 'root_volume has keys that are not known: size. It takes' },
  { name: 'a key alias for the volume', variables: { root_volume: '{ kms_key_id = "alias/ebs" }' }, sentence: 'root_volume.kms_key_id must be the ARN of a KMS key' },
  { name: 'a path without its slash', variables: { iam_path: '"security"' }, sentence: 'iam_path must begin and end with a slash' },
  { name: 'more user data than EC2 takes', variables: { tenants: '[for n in range(200) : format("%08d-0000-0000-0000-000000000000", n)]' }, sentence: 'The user data has more than the 16384 bytes that EC2 takes' },
  { name: 'an hour of life', variables: { max_instance_lifetime: '3600' }, sentence: 'max_instance_lifetime must be 86400' },

  { name: 'a kind that is none', variables: { kind: '"ebpf"' }, sentence: 'kind must be nginx or native' },
  { name: 'a certificate for an NGINX node', variables: { certificate: NATIVE.certificate }, sentence: 'certificate, installer and config are for native nodes' },
  { name: 'a native node without a certificate', variables: { ...NATIVE, certificate: 'null' }, sentence: 'A native node needs certificate' },
  { name: 'a native node without anything to install', variables: { ...NATIVE, installer: 'null' }, sentence: 'A native node needs installer' },
  { name: 'tenants of a native node', variables: { ...NATIVE, tenants: '["11111111-1111-1111-1111-111111111111"]' }, sentence: 'tenants are for NGINX nodes' },
  { name: 'a certificate without a source', variables: { ...NATIVE, certificate: '{ arn = "x" }' }, sentence: 'certificate must have exactly one of secret_arn and acm_certificate_arn' },
  { name: 'an installer over HTTP', variables: { ...NATIVE, installer: `{ url = "http://meganode.wallarm.com/aio.sh", sha256 = "${'0'.repeat(64)}" }` }, sentence: 'installer.url must begin with https://' },
  { name: 'a checksum that is none', variables: { ...NATIVE, installer: '{ url = "https://meganode.wallarm.com/aio.sh", sha256 = "abc" }' }, sentence: 'installer.sha256 must be 64 lower-case hexadecimal digits' },
], {
  mocks: `
    mock_data "aws_subnet" { defaults = { cidr_block = "10.0.0.0/24" } }
    mock_data "aws_ami" { defaults = { id = "ami-0123456789abcdef0", root_device_name = "/dev/sda1" } }
    mock_data "aws_ssm_parameter" { defaults = { insecure_value = "ami-0a" } }
    mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }
    mock_data "aws_partition" { defaults = { partition = "aws" } }
    mock_data "aws_caller_identity" { defaults = { account_id = "111122223333" } }
  `,
  good: { vpc_id: '"vpc-0a"', subnet_ids: '["subnet-0a"]', source_security_group_ids: '{ alb = "sg-0a" }', token_secret_arn: SECRET },
});
