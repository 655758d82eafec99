# What the module plans, without an account: terraform init && terraform test

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
  vpc_id                     = "vpc-0a"
  subnet_ids                 = ["subnet-0a", "subnet-0b"]
  mirrored_cidrs             = ["10.0.0.0/16", "10.1.0.0/16"]
  detection_target_group_arn = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/nodes/0123456789abcdef"
  raw_target_group_arn       = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/raw/0123456789abcdef"
  artifact_s3_uri            = "s3://artifacts/vpc-mirror.tar.gz"
  artifact_sha256            = "0000000000000000000000000000000000000000000000000000000000000000"
}

run "packets_in" {
  command = plan

  assert {
    condition     = aws_lb.nlb.internal && aws_lb.nlb.load_balancer_type == "network" && aws_lb.nlb.enable_cross_zone_load_balancing
    error_message = "the NLB is internal and cross-zone"
  }
  assert {
    condition     = aws_lb_listener.vxlan.protocol == "UDP" && aws_lb_listener.vxlan.port == 4789
    error_message = "mirror targets send to UDP/4789 and to no other port"
  }
  assert {
    condition     = aws_lb_target_group.vxlan.health_check[0].protocol == "HTTP" && aws_lb_target_group.vxlan.health_check[0].port == "9445" && aws_lb_target_group.vxlan.health_check[0].path == "/-/healthcheck"
    error_message = "the service itself answers the health check"
  }
  assert {
    condition     = !aws_lb_target_group.vxlan.stickiness[0].enabled
    error_message = "one-way traffic spreads over all rebuilders"
  }
  assert {
    condition     = sort([for rule in aws_vpc_security_group_ingress_rule.rebuilder_vxlan : rule.cidr_ipv4]) == tolist(["10.0.0.0/16", "10.1.0.0/16"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.rebuilder_vxlan : rule.from_port == 4789 && rule.to_port == 4789 && rule.ip_protocol == "udp"])
    error_message = "4789 is open to the mirrored networks only"
  }
}

run "requests_out" {
  command = plan

  assert {
    condition = (
      aws_lb.alb[0].internal && aws_lb.alb[0].desync_mitigation_mode == "monitor" && aws_lb.alb[0].preserve_host_header
      && aws_lb.alb[0].xff_header_processing_mode == "preserve" && !aws_lb.alb[0].drop_invalid_header_fields
    )
    error_message = "the ALB passes requests on as they were sent"
  }
  assert {
    condition     = aws_lb_listener.alb[0].port == 8445 && aws_lb_listener.alb[0].protocol == "HTTP"
    error_message = "the ALB listens on HTTP/8445"
  }
  assert {
    condition     = aws_lb_listener.raw[0].port == 8445 && aws_lb_listener.raw[0].protocol == "TCP"
    error_message = "the raw path is TCP/8445 of the NLB"
  }
  assert {
    condition     = sort([for rule in aws_vpc_security_group_egress_rule.alb_nodes : "${rule.cidr_ipv4} ${rule.from_port}"]) == tolist(["10.0.0.0/24 8445", "10.0.0.0/24 9445", "10.0.1.0/24 8445", "10.0.1.0/24 9445"])
    error_message = "the ALB reaches the nodes' networks and ports only"
  }
}

run "instances" {
  command = plan

  assert {
    condition     = aws_launch_template.rebuilder.metadata_options[0].http_tokens == "required" && aws_launch_template.rebuilder.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "instance metadata needs a session (IMDSv2), from the instance itself"
  }
  assert {
    condition     = aws_launch_template.rebuilder.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "the root volume is encrypted"
  }
  assert {
    condition     = aws_launch_template.rebuilder.network_interfaces[0].associate_public_ip_address == "false"
    error_message = "no public address"
  }
  assert {
    condition     = data.aws_ssm_parameter.ami[0].name == "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64" && aws_launch_template.rebuilder.instance_type == "c7g.large"
    error_message = "Amazon Linux 2023 on arm64 unless asked otherwise"
  }
  assert {
    condition     = aws_autoscaling_group.rebuilder.min_size == 2 && length(aws_autoscaling_group.rebuilder.vpc_zone_identifier) == 2 && aws_autoscaling_group.rebuilder.instance_refresh[0].strategy == "Rolling"
    error_message = "two rebuilders at least, over the zones, replaced one after another"
  }
  assert {
    condition     = aws_autoscaling_lifecycle_hook.drain.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING" && aws_autoscaling_lifecycle_hook.drain.default_result == "CONTINUE"
    error_message = "an instance that goes has time to deliver"
  }
  assert {
    condition     = join(" ", keys(aws_autoscaling_policy.rebuilder)) == "ASGAverageCPUUtilization"
    error_message = "scaling follows CPU"
  }
  assert {
    condition     = length(aws_iam_role_policy_attachment.ssm) == 0
    error_message = "no shell unless asked for"
  }
  assert {
    condition     = alltrue([for spec in aws_launch_template.rebuilder.tag_specifications : spec.tags["vpc-mirror:role"] == "rebuilder"])
    error_message = "the ENI profiles know rebuilders by this tag"
  }
}

run "x86_64" {
  command = plan

  variables {
    architecture = "x86_64"
    scaling      = { network_in_bytes_per_minute = 1e9 }
    ssm_enabled  = true
  }

  assert {
    condition     = endswith(data.aws_ssm_parameter.ami[0].name, "x86_64") && aws_launch_template.rebuilder.instance_type == "c7i.large"
    error_message = "image and instance type follow the architecture"
  }
  assert {
    condition     = join(" ", keys(aws_autoscaling_policy.rebuilder)) == "ASGAverageNetworkIn" && length(aws_iam_role_policy_attachment.ssm) == 1
    error_message = "scaling by network, and Session Manager, when asked for"
  }
}

run "responses_mirrored" {
  command = plan

  variables {
    responses_mirrored = true
  }

  assert {
    condition     = aws_lb_target_group.vxlan.stickiness[0].enabled && aws_lb_target_group.vxlan.stickiness[0].type == "source_ip"
    error_message = "both directions of an interface meet at one rebuilder"
  }
  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.rebuilder["busiest_rebuilder"].alarm_description, "scaling out does not help") && length(aws_cloudwatch_metric_alarm.skipped) == 2
    error_message = "the alarms say what that costs"
  }
}

run "endpoint" {
  command = plan

  variables {
    detection_target_group_arn = null
    raw_target_group_arn       = null
    mirror_endpoint            = "http://nodes.internal:8445/"
    raw_endpoint               = "raw.internal:8446"
    mirror_endpoint_cidrs      = ["10.9.0.0/24"]
    alarms_enabled             = false
    dashboard_enabled          = false
    loop_key_parameter         = "/vpc-mirror/loop-key"
    artifact_includes_node     = true
    ami_id                     = "ami-0b"
    config = {
      vni_filter    = [1377]
      proxy_headers = [{ trusted_networks = ["10.0.0.0/8"], real_ip = ["X-Forwarded-For"] }]
      routes_off    = ["/testing"]
    }
    config_extra = { limits = { memory = "1GiB" } }
  }

  assert {
    condition     = length(aws_lb.alb) == 0 && length(aws_lb_listener.raw) == 0 && length(aws_security_group.alb) == 0
    error_message = "nothing is built for nodes that exist"
  }
  assert {
    condition     = output.mirror_endpoint == "http://nodes.internal:8445" && output.raw_endpoint == "raw.internal:8446"
    error_message = "requests go where the user says"
  }
  assert {
    condition     = [for rule in concat(aws_vpc_security_group_egress_rule.rebuilder_endpoint, aws_vpc_security_group_egress_rule.rebuilder_raw_endpoint) : "${rule.cidr_ipv4} ${rule.from_port}"] == ["10.9.0.0/24 8445", "10.9.0.0/24 8446"]
    error_message = "and the rebuilders may reach these only"
  }
  assert {
    condition = (
      yamldecode(output.config_yaml).forward == { endpoint = "http://nodes.internal:8445", raw_endpoint = "raw.internal:8446", loop_key_file = "/etc/vpc-mirror/loop.key" }
      && yamldecode(output.config_yaml).tcp_stream.from_vxlan.vni_filter == [1377]
      && yamldecode(output.config_yaml).route_config.routes == [{ route = "/testing", wallarm_mode = "off" }]
      && yamldecode(output.config_yaml).limits == { memory = "1GiB" }
    )
    error_message = "typed inputs become the configuration file"
  }
  assert {
    condition     = !strcontains(nonsensitive(output.user_data), "nodejs24") && strcontains(output.user_data, "ssm get-parameter --with-decryption --name '/vpc-mirror/loop-key'")
    error_message = "user data installs no Node that the tarball brings, and fetches the loop key"
  }
  assert {
    condition = alltrue([
      for snippet in values(output.mirror_snippets) : strcontains(snippet, "nodes.internal") && strcontains(snippet, "8445") && !strcontains(snippet, "mirror.internal.example")
    ])
    error_message = "each snippet leads to the endpoint"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.rebuilder) == 0 && output.dashboard_name == null && length(data.aws_ssm_parameter.ami) == 0
    error_message = "alarms, dashboard and image can be chosen"
  }
}

run "raw_path_off" {
  command = plan

  variables {
    raw_target_group_arn = null
    raw_path_enabled     = false
  }

  assert {
    condition     = length(aws_lb_listener.raw) == 0 && length(aws_vpc_security_group_ingress_rule.nlb_raw) == 0 && output.raw_endpoint == ""
    error_message = "without the raw path, no port is open for it"
  }
}
