# Native nodes, alone, beside HTTP detection, or at an address of their own.

mock_provider "aws" {
  mock_data "aws_vpc" { defaults = { cidr_block = "10.0.0.0/16" } }
  mock_data "aws_region" { defaults = { name = "eu-west-2" } }
  mock_data "aws_partition" { defaults = { partition = "aws" } }
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }
  mock_data "aws_ssm_parameter" { defaults = { insecure_value = "ami-0a" } }

  override_data {
    target = data.aws_subnet.this[0]
    values = { availability_zone = "eu-west-2a", vpc_id = "vpc-0a", cidr_block = "10.0.0.0/24" }
  }
  override_data {
    target = data.aws_subnet.this[1]
    values = { availability_zone = "eu-west-2b", vpc_id = "vpc-0a", cidr_block = "10.0.1.0/24" }
  }
}

variables {
  vpc_id          = "vpc-0a"
  subnet_ids      = ["subnet-0a", "subnet-0b"]
  mirrored_cidrs  = ["10.0.0.0/16"]
  detection_ports = [5080, 8080]
  artifact_s3_uri = "s3://artifacts/vpc-mirror.tar.gz"
  artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  ext_proc = {
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/native/0123456789abcdef"
    server_name      = "nodes.example.com"
  }
}

run "native_nodes_alone" {
  command = plan

  assert {
    condition     = length(aws_lb.alb) == 0 && length(aws_lb_listener.raw) == 0 && output.mirror_endpoint == "" && length(output.mirror_snippets) == 0
    error_message = "nothing goes over HTTP"
  }
  assert {
    condition     = aws_lb_listener.ext_proc[0].port == 5080 && aws_lb_listener.ext_proc[0].protocol == "TCP"
    error_message = "TLS is between a rebuilder and a node"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.nlb_nodes : "${rule.cidr_ipv4} ${rule.from_port}"]) == toset(["10.0.0.0/24 5080", "10.0.0.0/24 8080", "10.0.1.0/24 5080", "10.0.1.0/24 8080"])
    error_message = "the NLB reaches their port and their health check"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.rebuilder_ext_proc) == 1 && length(aws_vpc_security_group_ingress_rule.nlb_ext_proc) == 1 && length(aws_vpc_security_group_egress_rule.rebuilder_alb) + length(aws_vpc_security_group_egress_rule.rebuilder_endpoint) == 0
    error_message = "and the rebuilders the NLB"
  }
}

run "both_ways" {
  command = plan

  variables {
    mirror_endpoint = "http://nodes.internal:8445"
    ext_proc        = { endpoint = "https://native.internal:5080", ca_pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", beside_http = true }
  }

  assert {
    condition = yamldecode(output.config_yaml).forward == {
      endpoint     = "http://nodes.internal:8445"
      raw_endpoint = ""
      ext_proc     = { endpoint = "https://native.internal:5080", tls = { ca_file = "/etc/vpc-mirror/native-nodes-ca.pem" } }
    }
    error_message = "each has its endpoint"
  }
  assert {
    condition     = strcontains(output.user_data, "cat > /etc/vpc-mirror/native-nodes-ca.pem << 'END_OF_FILE'\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\nEND_OF_FILE\n")
    error_message = "the authority is on the rebuilder's disk"
  }
  assert {
    condition     = toset(aws_vpc_security_group_egress_rule.rebuilder_ext_proc_endpoint[*].from_port) == toset([5080]) && toset(aws_vpc_security_group_egress_rule.rebuilder_endpoint[*].from_port) == toset([8445])
    error_message = "both ports are open"
  }
}
