import { refuses } from './refusals.ts';

/** An interface of an instance, as the provider would describe them. */
const described = (eni = '', instance = ''): string => {
  const attached = 'attachment = [{ attachment_id = "eni-attach-0a", device_index = 0, instance_id = "i-0a", instance_owner_id = "123456789012" }]';
  const own = new Set([...eni.matchAll(/^(\w+) =/gm)].map((match) => match[1]));
  const lines = ['id = "eni-0a"', 'interface_type = "interface"', attached, 'private_ip = "10.0.0.4"', 'tags = {}'].filter((line) => !own.has(line.split(' ')[0]));
  const type = instance.includes('instance_type') ? '' : 'instance_type = "m5.large"';
  const tags = instance.includes('tags') ? '' : 'tags = {}';
  return `mock_data "aws_network_interface" {\n defaults = {\n${lines.join('\n')}\n${eni}\n}\n}
mock_data "aws_instance" {\n defaults = {\n id = "i-0a"\n${type}\n${tags}\n${instance}\n}\n}`;
};

const BY_ID = { by_id: '{ web = "eni-0a" }' };

refuses('enis', [
  { name: 'an interface id that is none', variables: { by_id: '{ web = "i-0a" }' }, sentence: 'by_id: an interface id must look like "eni-0123456789abcdef0"' },
  { name: 'the same, without an instance', variables: { by_id_without_instance: '{ task = "0a" }' }, sentence: 'by_id_without_instance: an interface id must look like' },
  { name: 'an interface of a type that is not mirrored', variables: BY_ID, mocks: described('interface_type = "lambda"'), sentence: 'by_id["web"]: AWS mirrors interfaces of type interface only, and eni-0a is of type lambda' },
  { name: 'an interface on nothing', variables: BY_ID, mocks: described('attachment = []'), sentence: 'by_id["web"]: eni-0a is attached to no instance' },
  { name: 'an interface without IPv4', variables: BY_ID, mocks: described('private_ip = ""'), sentence: 'by_id["web"]: eni-0a has no IPv4 address' },
  { name: 'an interface of a rebuilder', variables: BY_ID, mocks: described('tags = { "vpc-mirror:role" = "rebuilder" }'), sentence: 'by_id["web"]: eni-0a is excluded, by its id or by a tag (vpc-mirror:role)' },
  { name: 'an interface of a rebuilder, tagged at its instance', variables: BY_ID, mocks: described('', 'tags = { "vpc-mirror:role" = "rebuilder" }'), sentence: 'by_id["web"]: the instance i-0a of eni-0a is excluded' },
  { name: 'an interface excluded by its id', variables: { ...BY_ID, excluded_network_interface_ids: '["eni-0a"]' }, sentence: 'by_id["web"]: eni-0a is excluded, by its id' },
  { name: 'an instance family that is not mirrored', variables: BY_ID, mocks: described('', 'instance_type = "t2.micro"'), sentence: 'by_id["web"]: AWS does not mirror eni-0a, because its instance i-0a is of type t2.micro (list of ' },
  { name: 'bare metal', variables: BY_ID, mocks: described('', 'instance_type = "m5.metal"'), sentence: 'because its instance i-0a is of type m5.metal' },

  { name: 'an empty group name', variables: { by_asg: '[""]' }, sentence: 'by_asg: the name of an Auto Scaling group must not be empty' },
  { name: 'a load balancer type that is none', variables: { by_elb: '{ web = { name = "web", type = "alb" } }' }, sentence: 'by_elb: type must be "classic", "application" or "network"' },
  { name: 'a target that is no address', variables: { by_elb: '{ web = { name = "web", target_ips = ["10.0.0.0/8"] } }' }, sentence: 'by_elb: target_ips must be IP addresses' },
  { name: 'targets of a classic load balancer', variables: { by_elb: '{ web = { name = "web", type = "classic", target_ips = ["10.0.0.4"] } }' }, sentence: 'a classic one is mirrored at its own interfaces' },
  { name: 'a load balancer of another type', variables: { by_elb: '{ web = { name = "web", type = "network" } }' }, mocks: 'mock_data "aws_lb" {\n defaults = {\n load_balancer_type = "application"\n}\n}', sentence: 'by_elb["web"]: web is of type application, not network' },
  { name: 'an instance id that is none', variables: { by_instance: '["web"]' }, sentence: 'by_instance: an instance id must look like' },
  { name: 'a subnet id that is none', variables: { by_subnet: '["vpc-0a"]' }, sentence: 'by_subnet: a subnet id must look like' },
  { name: 'no tags, which would be everything', variables: { by_tags: '{ all = { tags = {} } }' }, sentence: 'by_tags: tags must not be empty, which would pick every interface of the account' },
  { name: 'tags of something else', variables: { by_tags: '{ web = { tags = { app = "web" }, resource = "volume" } }' }, sentence: 'by_tags: resource must be "instance" or "network-interface"' },
], { good: {}, mocks: described() });
