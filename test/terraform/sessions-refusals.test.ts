import { refuses } from './refusals.ts';

const NLB = '"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/mirror/0123456789abcdef"';
const rule = (fields: string): string => `{ http = { rule_number = 100, ${fields} } }`;
const anyPort = (fields: string): string => rule(`all_ports = true, ${fields}`);
const eni = (fields: string): string => `{ web = { network_interface_id = "eni-0a", ${fields} } }`;
const rules = (count: number): string => `{ for n in range(${count}) : "rule_\${n}" => { rule_number = n + 1, all_ports = true } }`;

// With what makes the rest of the reconciler plan, so that its length is what is wrong.
const RECONCILER = `
  mock_data "aws_partition" { defaults = { partition = "aws" } }
  mock_data "aws_region" { defaults = { name = "us-east-1" } }
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }`;

refuses('modules/vpc-mirror-sessions', [
  { name: 'no interface was picked', variables: { network_interfaces: '{}' }, sentence: 'No network interface was picked, so nothing would be mirrored' },
  { name: 'an interface id that is none', variables: { network_interfaces: '{ web = { network_interface_id = "i-0a" } }' }, sentence: 'must look like "eni-0123456789abcdef0"' },
  { name: 'an excluded interface', variables: { excluded_network_interface_ids: '["eni-0a"]' }, sentence: 'network_interfaces["web"]: eni-0a is in excluded_network_interface_ids. Mirroring a rebuilder or a node would mirror the mirror' },

  { name: 'a session number used twice on an interface', variables: { network_interfaces: '{ a = { network_interface_id = "eni-0a" }, b = { network_interface_id = "eni-0a" } }' }, sentence: 'session number 1 is used twice on eni-0a' },
  { name: 'four sessions on an interface', variables: { network_interfaces: '{ for n in range(1, 5) : "s${n}" => { network_interface_id = "eni-0a", session_number = n } }' }, sentence: 'more than 3 sessions on eni-0a' },
  { name: 'session number 0', variables: { session_number: '0' }, sentence: 'session_number must be a whole number from 1 to 32766' },
  { name: 'session number 32767 of one interface', variables: { network_interfaces: eni('session_number = 32767') }, sentence: 'network_interfaces: session_number must be a whole number from 1 to 32766' },
  { name: 'session number 32767 of the reconciler', variables: { reconcile: '{ interfaces = {}, artifact_file = "main.tf", session_number = 32767 }' }, sentence: 'reconcile.session_number must be a whole number from 1 to 32766' },
  { name: 'VNI 0', variables: { virtual_network_id: '0' }, sentence: 'virtual_network_id (VNI) must be a whole number from 1 to 16777215' },
  { name: 'VNI 16777216, which the provider accepts', variables: { virtual_network_id: '16777216' }, sentence: 'virtual_network_id (VNI) must be a whole number from 1 to 16777215' },
  { name: 'VNI 16777216 of one interface', variables: { network_interfaces: eni('virtual_network_id = 16777216') }, sentence: 'network_interfaces: virtual_network_id (VNI) must be a whole number from 1 to 16777215' },
  { name: 'packet length 8501', variables: { packet_length: '8501' }, sentence: 'packet_length must be a whole number of bytes from 55 to 8500' },
  { name: 'packet length 54 of one interface', variables: { network_interfaces: eni('packet_length = 54') }, sentence: 'network_interfaces: packet_length must be a whole number of bytes from 55 to 8500' },

  { name: 'no rules', variables: { filter_rules: '{}' }, sentence: 'filter_rules must not be empty' },
  { name: 'a port range misspelt, which would mirror every port', variables: { filter_rules: rule('destination_ports = { from_port = 80, to_port = 80 }') }, sentence: 'or all_ports = true (and no range) to mean every port' },
  { name: 'every port, and one', variables: { filter_rules: anyPort('destination_port_range = { from_port = 80, to_port = 80 }') }, sentence: 'or all_ports = true (and no range) to mean every port' },
  { name: 'port 0', variables: { ports: '[0]' }, sentence: 'ports must name at least one port from 1 to 65535' },
  { name: 'a range upside down', variables: { ports: '["90-80"]' }, sentence: 'ports must name at least one port from 1 to 65535' },
  { name: 'a port that is a word', variables: { ports: '["http"]' }, sentence: 'ports must name at least one port from 1 to 65535' },
  { name: 'six ports of two IP versions', variables: { ports: '[80, 81, 82, 83, 84, 85]' }, sentence: 'ports, for IPv4 and IPv6, with their reflections (mirror_responses) are 12 rules: AWS allows 10' },
  { name: 'ports and rules', variables: { ports: '[80]', filter_rules: anyPort('') }, sentence: 'Both ports and filter_rules are given' },
  { name: 'eleven rules', variables: { filter_rules: rules(11) }, sentence: 'filter_rules: AWS allows 10 rules in a filter' },
  { name: 'six rules and their reflections', variables: { filter_rules: rules(6), mirror_responses: 'true' }, sentence: 'filter_rules with their reflections (mirror_responses) are 12 rules: AWS allows 10' },
  { name: 'a reflection with the number of an egress rule', variables: { filter_rules: '{ in = { all_ports = true, rule_number = 1 }, out = { all_ports = true, rule_number = 1, traffic_direction = "egress" } }', mirror_responses: 'true' }, sentence: 'mirror_responses gives each ingress rule an egress rule of the same rule_number' },
  { name: 'two rules of one number', variables: { filter_rules: '{ a = { all_ports = true, rule_number = 1 }, b = { all_ports = true, rule_number = 1 } }' }, sentence: 'two rules of the same traffic_direction have the same rule_number' },
  { name: 'rule number 32767', variables: { filter_rules: '{ http = { all_ports = true, rule_number = 32767 } }' }, sentence: 'rule_number must be a whole number from 1 to 32766' },
  { name: 'a direction that is none', variables: { filter_rules: anyPort('traffic_direction = "in"') }, sentence: 'traffic_direction must be "ingress" or "egress"' },
  { name: 'an action that is none', variables: { filter_rules: anyPort('rule_action = "drop"') }, sentence: 'rule_action must be "accept" or "reject"' },
  { name: 'protocol 256', variables: { filter_rules: anyPort('protocol = 256') }, sentence: 'protocol must be an IP protocol number from 0 to 255' },
  { name: 'ports of ICMP', variables: { filter_rules: rule('protocol = 1, destination_port_range = { from_port = 80, to_port = 80 }') }, sentence: 'a port range needs protocol 6 (TCP) or 17 (UDP)' },
  { name: 'port 65536', variables: { filter_rules: rule('destination_port_range = { from_port = 80, to_port = 65536 }') }, sentence: 'a port range needs whole numbers from 0 to 65535' },
  { name: 'ports upside down', variables: { filter_rules: rule('source_port_range = { from_port = 90, to_port = 80 }') }, sentence: 'from_port must not be greater than to_port' },
  { name: 'an address that is no block', variables: { filter_rules: anyPort('source_cidr_block = "10.0.0.1"') }, sentence: 'source_cidr_block and destination_cidr_block must be CIDR blocks without host bits' },
  { name: 'a block with host bits', variables: { filter_rules: anyPort('destination_cidr_block = "10.0.0.1/16"') }, sentence: 'source_cidr_block and destination_cidr_block must be CIDR blocks without host bits' },
  { name: 'IPv4 to IPv6', variables: { filter_rules: anyPort('destination_cidr_block = "::/0"') }, sentence: 'must be of the same IP version' },

  { name: 'no target', variables: { network_load_balancer_arn: 'null' }, sentence: 'network_load_balancer_arn is missing' },
  { name: 'an Application Load Balancer as target', variables: { network_load_balancer_arn: NLB.replace('/net/', '/app/') }, sentence: 'network_load_balancer_arn must be the ARN of a Network Load Balancer' },
  { name: 'an endpoint that is none', variables: { network_load_balancer_arn: 'null', gateway_load_balancer_endpoint_id: '"gwlb-0a"' }, sentence: 'gateway_load_balancer_endpoint_id must be the ID of a VPC endpoint' },
  { name: 'a load balancer and an endpoint', variables: { gateway_load_balancer_endpoint_id: '"vpce-0a"' }, sentence: 'Both network_load_balancer_arn and gateway_load_balancer_endpoint_id are given' },
  { name: 'a principal that is none', variables: { ram_principals: '["everyone"]' }, sentence: 'ram_principals must hold account IDs of 12 digits' },
  { name: 'a tag of AWS', variables: { tags: '{ "AWS:owner" = "me" }' }, sentence: 'tags must not have keys that begin with aws:' },
  { name: 'a description of 3,000 letters in 6,000 bytes', variables: { reconcile: `{ interfaces = { by_asg = ["${'ä'.repeat(3000)}"] }, artifact_file = "main.tf" }` }, mocks: RECONCILER, sentence: 'reconcile.interfaces is too long' },
  { name: 'two targets', variables: { traffic_mirror_target_id: '"tmt-0a"' }, sentence: 'Both network_load_balancer_arn and traffic_mirror_target_id would be the target' },
  { name: 'an existing target without its id', variables: { create_target: 'false' }, sentence: 'traffic_mirror_target_id is missing' },
  { name: 'a prefix with a space', variables: { name_prefix: '"my mirror"' }, sentence: 'name_prefix must be 1 to 40 letters, digits and hyphens' },
], {
  good: { network_interfaces: '{ web = { network_interface_id = "eni-0a" } }', network_load_balancer_arn: NLB },
});
