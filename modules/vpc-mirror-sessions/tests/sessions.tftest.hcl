# Plans with a mocked provider: no account, no credentials.

mock_provider "aws" {
  mock_data "aws_default_tags" { defaults = { tags = {} } }
}

variables {
  network_interfaces = {
    "eni-0a" = { network_interface_id = "eni-0a" }
    front    = { network_interface_id = "eni-0b", session_number = 3, virtual_network_id = 42, packet_length = 1500 }
  }
  network_load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/mirror/0123456789abcdef"
}

run "one_session_an_interface" {
  command = plan

  assert {
    condition     = keys(aws_ec2_traffic_mirror_session.this) == ["eni-0a", "front"]
    error_message = "One session for each entry, under its key."
  }

  assert {
    condition     = aws_ec2_traffic_mirror_session.this["eni-0a"].session_number == 1 && aws_ec2_traffic_mirror_session.this["front"].session_number == 3
    error_message = "Session numbers count per interface: 1, unless the entry says otherwise."
  }

  assert {
    condition     = aws_ec2_traffic_mirror_session.this["eni-0a"].packet_length == 8500 && aws_ec2_traffic_mirror_session.this["front"].packet_length == 1500
    error_message = "packet_length is always set: AWS would fill it in, and every plan would show a difference."
  }

  assert {
    condition     = aws_ec2_traffic_mirror_session.this["front"].virtual_network_id == 42
    error_message = "An entry's VNI is its own."
  }
}

run "requests_only_by_default" {
  command = plan

  assert {
    condition     = alltrue([for rule in values(aws_ec2_traffic_mirror_filter_rule.this) : rule.traffic_direction == "ingress"])
    error_message = "Without mirror_responses only ingress is mirrored."
  }

  assert {
    condition     = toset([for rule in values(aws_ec2_traffic_mirror_filter_rule.this) : rule.destination_cidr_block]) == toset(["0.0.0.0/0", "::/0"])
    error_message = "IPv4 and IPv6."
  }
}

run "ports_and_ranges" {
  command = plan

  variables {
    ports = [80, "8080-8090"]
  }

  assert {
    condition = { for key, rule in aws_ec2_traffic_mirror_filter_rule.this : key => [rule.rule_number, one(rule.destination_port_range).from_port, one(rule.destination_port_range).to_port] } == {
      tcp_80             = [100, 80, 80]
      tcp_80_ipv6        = [200, 80, 80]
      tcp_8080_8090      = [101, 8080, 8090]
      tcp_8080_8090_ipv6 = [201, 8080, 8090]
    }
    error_message = "A rule of each IP version for each port or range."
  }
}

run "without_ipv6" {
  command = plan

  variables {
    ports        = [for port in range(8080, 8085) : port]
    ipv6_enabled = false

    mirror_responses = true
  }

  assert {
    condition     = length(aws_ec2_traffic_mirror_filter_rule.this) == 10
    error_message = "Five ports and their answers are AWS's ten rules."
  }
}

run "a_gateway_load_balancer_endpoint" {
  command = plan

  variables {
    network_load_balancer_arn         = null
    gateway_load_balancer_endpoint_id = "vpce-0a"
  }

  assert {
    condition     = aws_ec2_traffic_mirror_target.this[0].gateway_load_balancer_endpoint_id == "vpce-0a" && aws_ec2_traffic_mirror_session.this["eni-0a"].packet_length == 8464
    error_message = "The endpoint is the target, and no packet is longer than it takes."
  }
}

run "a_shared_target" {
  command = plan

  variables {
    ram_principals = ["210987654321"]
  }

  assert {
    condition     = !aws_ram_resource_share.target[0].allow_external_principals && aws_ram_principal_association.target["210987654321"].principal == "210987654321" && length(aws_ram_resource_association.target) == 1
    error_message = "Accounts of the organisation may send to the target, others only if that is said."
  }
}

run "responses_are_the_rules_reflected" {
  command = plan

  variables {
    mirror_responses = true
    filter_rules = {
      api = {
        rule_number            = 10
        source_cidr_block      = "10.1.0.0/16"
        destination_cidr_block = "10.2.0.0/16"
        destination_port_range = { from_port = 8080, to_port = 8090 }
      }
      quiet = { rule_number = 5, rule_action = "reject", source_cidr_block = "10.1.9.0/24", all_ports = true }
    }
  }

  assert {
    condition     = keys(aws_ec2_traffic_mirror_filter_rule.this) == ["api", "api_responses", "quiet", "quiet_responses"]
    error_message = "Every ingress rule has its reflection."
  }

  assert {
    condition = (
      aws_ec2_traffic_mirror_filter_rule.this["api_responses"].traffic_direction == "egress"
      && aws_ec2_traffic_mirror_filter_rule.this["api_responses"].source_cidr_block == "10.2.0.0/16"
      && aws_ec2_traffic_mirror_filter_rule.this["api_responses"].destination_cidr_block == "10.1.0.0/16"
      && one(aws_ec2_traffic_mirror_filter_rule.this["api_responses"].source_port_range).from_port == 8080
      && length(aws_ec2_traffic_mirror_filter_rule.this["api_responses"].destination_port_range) == 0
    )
    error_message = "What the server answers goes from its port and address to the client's."
  }

  assert {
    condition     = aws_ec2_traffic_mirror_filter_rule.this["quiet_responses"].rule_action == "reject"
    error_message = "What is not mirrored on the way in is not mirrored on the way out."
  }
}

run "an_existing_target" {
  command = plan

  variables {
    create_target             = false
    network_load_balancer_arn = null
    traffic_mirror_target_id  = "tmt-0a"
  }

  assert {
    condition     = length(aws_ec2_traffic_mirror_target.this) == 0 && aws_ec2_traffic_mirror_session.this["front"].traffic_mirror_target_id == "tmt-0a"
    error_message = "The given target is used, and none is made."
  }

  assert {
    condition     = output.traffic_mirror_target_arn == null
    error_message = "No target of ours, no ARN."
  }
}

run "a_group_at_zero" {
  command = plan

  variables {
    network_interfaces          = {}
    allow_no_network_interfaces = true
  }

  assert {
    condition     = length(aws_ec2_traffic_mirror_session.this) == 0
    error_message = "No interfaces, no sessions, no error if that was said."
  }
}

run "everything_is_tagged_and_named_from_one_prefix" {
  command = plan

  variables {
    name_prefix = "shop"
    tags        = { team = "payments" }
  }

  assert {
    condition = alltrue([for tags in concat(
      [aws_ec2_traffic_mirror_filter.this.tags, aws_ec2_traffic_mirror_target.this[0].tags],
      [for session in values(aws_ec2_traffic_mirror_session.this) : session.tags],
    ) : tags.team == "payments" && startswith(tags.Name, "shop")])
    error_message = "Filter, target and sessions carry the tags and the prefix."
  }
}

run "default_tags_of_the_reconciler_s_sessions" {
  command = plan

  override_data {
    target = data.aws_default_tags.current
    values = { tags = { owner = "platform", team = "default", "AWS:of" = "the service" } }
  }

  variables {
    tags = { team = "security" }
  }

  assert {
    condition     = jsonencode(output.description.sessions.tags) == jsonencode({ owner = "platform", team = "security" })
    error_message = "Sessions that the function makes have the provider's default_tags, too; the module's own tags win, and those of AWS are not ours to give."
  }
}
