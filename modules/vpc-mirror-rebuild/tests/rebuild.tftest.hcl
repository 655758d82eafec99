# What the module plans, without an account: terraform init && terraform test

mock_provider "aws" {
  mock_data "aws_vpc" { defaults = { cidr_block = "10.0.0.0/16" } }
  mock_data "aws_region" { defaults = { name = "eu-west-2" } }
  mock_data "aws_partition" { defaults = { partition = "aws" } }
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }
  mock_data "aws_ssm_parameter" { defaults = { insecure_value = "ami-0a" } }
  mock_data "aws_autoscaling_groups" { defaults = { names = [] } }
  mock_data "aws_default_tags" { defaults = { tags = {} } }

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
    condition     = sort([for rule in aws_vpc_security_group_egress_rule.alb_nodes : "${rule.cidr_ipv4} ${rule.from_port}"]) == tolist(["10.0.0.0/24 8445", "10.0.0.0/24 8448", "10.0.0.0/24 9445", "10.0.1.0/24 8445", "10.0.1.0/24 8448", "10.0.1.0/24 9445"])
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
    condition     = aws_autoscaling_group.rebuilder.min_size == 2 && length(aws_autoscaling_group.rebuilder.vpc_zone_identifier) == 2 && aws_autoscaling_group.rebuilder.min_elb_capacity == 2
    error_message = "two rebuilders at least, over the zones, and an apply waits for them"
  }
  assert {
    condition     = one(aws_autoscaling_group.rebuilder.initial_lifecycle_hook).lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING" && one(aws_autoscaling_group.rebuilder.initial_lifecycle_hook).default_result == "CONTINUE"
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

run "a_new_version_takes_over_at_the_size_of_the_running_one" {
  command = plan

  override_data {
    target = data.aws_autoscaling_groups.running
    values = { names = ["vpc-mirror-1"] }
  }
  override_data {
    target = data.aws_autoscaling_group.running["vpc-mirror-1"]
    values = { desired_capacity = 5 }
  }

  assert {
    condition     = aws_autoscaling_group.rebuilder.desired_capacity == 5 && aws_autoscaling_group.rebuilder.min_elb_capacity == 5
    error_message = "two instances would not carry what five did"
  }
}

run "default_tags" {
  command = plan

  override_data {
    target = data.aws_default_tags.current
    values = { tags = { owner = "platform", team = "default" } }
  }

  variables {
    tags = { team = "security" }
  }

  assert {
    condition = alltrue([for tags in concat(
      [{ for tag in aws_autoscaling_group.rebuilder.tag : tag.key => tag.value if tag.propagate_at_launch }],
      [for spec in aws_launch_template.rebuilder.tag_specifications : spec.tags],
    ) : tags.owner == "platform" && tags.team == "security"])
    error_message = "the provider's default_tags reach the group, its instances, volumes and interfaces; the module's own tags win"
  }
}

run "endpoints_only" {
  command = plan

  variables {
    https_egress_cidrs           = ["10.0.0.0/16"]
    https_egress_prefix_list_ids = ["pl-0a"]
  }

  assert {
    condition = (
      [for rule in aws_vpc_security_group_egress_rule.rebuilder_https : rule.cidr_ipv4] == ["10.0.0.0/16"]
      && aws_vpc_security_group_egress_rule.rebuilder_https_prefix_list[0].prefix_list_id == "pl-0a"
      && aws_vpc_security_group_egress_rule.rebuilder_https_prefix_list[0].from_port == 443
    )
    error_message = "nothing but the interface endpoints and the gateway endpoint can be reached"
  }
}

run "keys_of_the_customer" {
  command = plan

  variables {
    root_volume = { kms_key_id = "arn:aws:kms:eu-west-2:123456789012:key/0a" }
  }

  assert {
    condition = (
      aws_kms_grant.autoscaling[0].grantee_principal == "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
      && contains(aws_kms_grant.autoscaling[0].operations, "CreateGrant") && aws_launch_template.rebuilder.block_device_mappings[0].ebs[0].volume_size == 10
    )
    error_message = "EC2 Auto Scaling may use the key of the volumes; otherwise each instance ends as it starts"
  }
}

run "a_key_whose_policy_says_enough" {
  command = plan

  variables {
    root_volume = { kms_key_id = "arn:aws:kms:eu-west-2:123456789012:key/0a", kms_grant = false }
  }

  assert {
    condition     = length(aws_kms_grant.autoscaling) == 0
    error_message = "no grant where it is not wanted"
  }
}

run "roles_of_an_organisation" {
  command = plan

  variables {
    iam_path                     = "/service/"
    iam_permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    scaling                      = null
  }

  assert {
    condition = (
      aws_iam_role.rebuilder.path == "/service/" && aws_iam_instance_profile.rebuilder.path == "/service/"
      && aws_iam_role.rebuilder.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    )
    error_message = "path and boundary as asked for"
  }
  assert {
    condition     = length(aws_autoscaling_policy.rebuilder) == 0
    error_message = "no scaling when that is said"
  }
  assert {
    condition     = aws_cloudwatch_dashboard.rebuilder[0].dashboard_name == "vpc-mirror-eu-west-2"
    error_message = "dashboards have no region: a second one would write over the first"
  }
}

run "a_tarball_in_a_folder_of_the_user" {
  command = plan

  variables {
    artifact_s3_uri = "s3://artifacts/rebuilder/vpc-mirror-2.tar.gz"
  }

  assert {
    condition     = data.aws_iam_policy_document.rebuilder.statement[0].resources == toset(["arn:aws:s3:::artifacts/rebuilder/*"])
    error_message = "the instances of the version before may still read theirs"
  }
}

run "config_extra_joins_sections" {
  command = plan

  variables {
    mirror_endpoint            = "http://nodes.internal:8445"
    detection_target_group_arn = null
    raw_target_group_arn       = null
    config                     = { vni_filter = [7] }
    config_extra = {
      forward      = { sample = 0.5 }
      tcp_stream   = { from_vxlan = { receive_buffer = "16MiB" }, ignore_ips = [{ subnets = ["10.0.0.0/8"], match_type = "src" }] }
      route_config = { routes = [{ route = "/a", routes = [{ route = "/a/b", wallarm_mode = "off" }] }] }
      log          = { level = "debug" }
    }
  }

  assert {
    condition = (
      yamldecode(output.config_yaml).forward == { endpoint = "http://nodes.internal:8445", raw_endpoint = "", sample = 0.5 }
      && yamldecode(output.config_yaml).tcp_stream.from_vxlan == { enabled = true, listen_addr = "0.0.0.0:4789", vni_filter = [7], receive_buffer = "16MiB" }
      && yamldecode(output.config_yaml).tcp_stream.ignore_ips[0].match_type == "src"
      && yamldecode(output.config_yaml).log == { level = "debug", log_file = "/var/log/vpc-mirror/rebuilder.log", pretty = false }
    )
    error_message = "one key of a section leaves the others as they are"
  }
}

run "a_long_configuration_is_compressed" {
  command = plan

  variables {
    mirror_endpoint            = "http://nodes.internal:8445"
    detection_target_group_arn = null
    raw_target_group_arn       = null
    config                     = { routes_off = [for n in range(1000) : "/a/path/that/is/left/out/${n}"] }
  }

  assert {
    condition     = length(output.user_data) > 16384 && startswith(aws_launch_template.rebuilder.user_data, "H4sI") && length(aws_launch_template.rebuilder.user_data) / 4 * 3 <= 16384
    error_message = "cloud-init reads gzip; EC2 takes 16384 bytes"
  }
}

run "a_gateway_load_balancer" {
  command = plan

  variables {
    gateway_load_balancer = { allowed_principals = ["arn:aws:iam::210987654321:root"] }
    responses_mirrored    = true
    config                = { vni_filter = [7] }
  }

  assert {
    condition = (
      aws_lb.gwlb[0].load_balancer_type == "gateway" && aws_lb_target_group.geneve[0].protocol == "GENEVE" && aws_lb_target_group.geneve[0].port == 6081
      && aws_lb_target_group.geneve[0].health_check[0].port == "9445" && aws_lb_target_group.geneve[0].stickiness[0].type == "source_ip_dest_ip"
      && aws_lb_target_group.geneve[0].stickiness[0].enabled && one(aws_lb_target_group.geneve[0].target_failover).on_unhealthy == "rebalance"
    )
    error_message = "GENEVE in, probed as the NLB probes, both directions of an interface at one rebuilder, and no flow stays with a dead one"
  }
  assert {
    condition = sort([for rule in aws_vpc_security_group_ingress_rule.rebuilder_geneve : "${rule.cidr_ipv4} ${rule.ip_protocol}/${rule.from_port}"]) == tolist([
      "10.0.0.0/24 tcp/9445", "10.0.0.0/24 udp/6081", "10.0.1.0/24 tcp/9445", "10.0.1.0/24 udp/6081",
    ])
    error_message = "its own subnets may send GENEVE and health checks"
  }
  assert {
    condition     = aws_vpc_endpoint_service.gwlb[0].allowed_principals == toset(["arn:aws:iam::210987654321:root"]) && !aws_vpc_endpoint_service.gwlb[0].acceptance_required
    error_message = "those that are named may connect"
  }
  assert {
    condition     = length(aws_lb.nlb.subnets) == 2 && aws_lb_listener.vxlan.port == 4789
    error_message = "the NLB stays"
  }
}

run "idle_by_nature" {
  command = plan

  variables {
    silence_alarms_enabled = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.silence) + length(aws_cloudwatch_metric_alarm.source_silent) == 0 && length(aws_cloudwatch_metric_alarm.rebuilder) > 0
    error_message = "silence is no alarm where that is said; the others stay"
  }
}

run "the_bucket_of_the_tarball" {
  command = plan

  variables {
    artifact_file          = "./main.tf"
    artifact_s3_uri        = null
    artifact_sha256        = null
    artifact_versions_kept = 3
  }

  assert {
    condition = (
      one(data.aws_iam_policy_document.artifact[0].statement).effect == "Deny"
      && one(one(data.aws_iam_policy_document.artifact[0].statement).condition).variable == "aws:SecureTransport"
      && tolist(one(one(data.aws_iam_policy_document.artifact[0].statement).condition).values) == tolist(["false"])
    )
    error_message = "TLS only"
  }
  assert {
    condition     = one(aws_s3_bucket_versioning.artifact[0].versioning_configuration).status == "Enabled" && aws_s3_object.artifact[0].key == "vpc-mirror.tar.gz"
    error_message = "a new tarball is a new version of one object"
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.artifact[0].rule : rule.noncurrent_version_expiration[0].newer_noncurrent_versions if rule.id == "previous-versions"] == [3]
    error_message = "as many earlier ones as asked for are kept"
  }
}
