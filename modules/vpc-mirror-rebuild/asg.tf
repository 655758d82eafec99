locals {
  instance_type = coalesce(var.instance_type, { arm64 = "c7g.large", x86_64 = "c7i.large" }[var.architecture])
  ami_id        = var.ami_id == null ? terraform_data.ami[0].output : var.ami_id

  # "Who is who" for people; the ENI profiles leave out interfaces with this tag. The provider's default_tags reach neither an
  # Auto Scaling group nor what it starts.
  instance_tags = merge(data.aws_default_tags.current.tags, local.tags, { "vpc-mirror:role" = "rebuilder" })

  # A new group takes over with as many instances as the one before it has now.
  initial_capacity = min(var.max_size, max(var.min_size, [for group in data.aws_autoscaling_group.running : group.desired_capacity]...))

  # A key that is not given is null.
  root_volume = {
    size_gib   = try(tonumber(var.root_volume.size_gib), null)
    kms_key_id = try(var.root_volume.kms_key_id, null)
    kms_grant  = try(tobool(var.root_volume.kms_grant), null)
  }
}

data "aws_default_tags" "current" {}

data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

# The image that was the newest when the group was made. Amazon publishes one every week or two, and an apply that is to add a
# session must not replace the rebuilders for it.
resource "terraform_data" "ami" {
  count = var.ami_id == null ? 1 : 0

  input = data.aws_ssm_parameter.ami[0].insecure_value

  triggers_replace = {
    architecture = var.architecture
    newest       = var.ami_update ? data.aws_ssm_parameter.ami[0].insecure_value : null
  }

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_launch_template" "rebuilder" {
  name_prefix            = "${var.name_prefix}-"
  description            = "Rebuilder of mirrored traffic"
  image_id               = local.ami_id
  instance_type          = local.instance_type
  user_data              = local.user_data_gzip ? base64gzip(local.user_data) : base64encode(local.user_data)
  update_default_version = true
  ebs_optimized          = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.rebuilder.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # Scaling follows CPU by the minute.
  monitoring {
    enabled = true
  }

  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = [aws_security_group.rebuilder.id]
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = coalesce(local.root_volume.size_gib, 10)
      encrypted             = true
      kms_key_id            = local.root_volume.kms_key_id
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = local.instance_tags
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = local.user_data_gzip_bytes <= 16384
      error_message = "The cloud-init script has up to ${local.user_data_gzip_bytes} bytes, compressed; EC2 takes 16384. Shorten config or config_extra."
    }
  }

  # The artifact and the right to read it come before the first instance.
  depends_on = [aws_s3_object.artifact, aws_iam_role_policy.rebuilder]
}

# The right of EC2 Auto Scaling to start instances with a volume under a key of the user's own; without it they end at once.
resource "aws_kms_grant" "autoscaling" {
  count = local.root_volume.kms_key_id == null || local.root_volume.kms_grant == false ? 0 : 1

  name              = "${var.name_prefix}-autoscaling"
  key_id            = local.root_volume.kms_key_id
  grantee_principal = local.service_linked_role_arn
  operations        = ["Decrypt", "Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "DescribeKey", "CreateGrant"]
}

data "aws_autoscaling_groups" "running" {
  filter {
    name   = "tag:Name"
    values = [var.name_prefix]
  }

  filter {
    name   = "tag:vpc-mirror:role"
    values = ["rebuilder"]
  }
}

data "aws_autoscaling_group" "running" {
  for_each = toset(data.aws_autoscaling_groups.running.names)

  name = each.value
}

# What makes a new group besides a new version of the launch template: hooks are taken at its creation only.
resource "terraform_data" "group" {
  input = { drain_seconds = var.drain_seconds }
}

# A new version is a new group beside the old one, which goes when the new one is healthy. If that does not happen, the apply
# fails and the old group stays as it is. An instance refresh cannot do this: the provider writes the new version into the group
# before it starts the refresh, so that a rollback goes to the new version (hashicorp/terraform-provider-aws issue 34189), and
# it does not wait.
resource "aws_autoscaling_group" "rebuilder" {
  name_prefix         = "${var.name_prefix}-"
  min_size            = var.min_size
  max_size            = var.max_size
  desired_capacity    = local.initial_capacity
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = concat([aws_lb_target_group.vxlan.arn], aws_lb_target_group.geneve[*].arn)

  health_check_type         = "ELB"
  health_check_grace_period = 180
  wait_for_capacity_timeout = var.wait_for_healthy ? "15m" : "0"
  min_elb_capacity          = var.wait_for_healthy ? local.initial_capacity : null
  service_linked_role_arn   = var.service_linked_role_arn

  launch_template {
    id      = aws_launch_template.rebuilder.id
    version = aws_launch_template.rebuilder.latest_version
  }

  # The load balancer takes the flows away first; the instance then has this long to deliver what it holds. A hook of its own
  # resource would be gone before the group that it is for.
  initial_lifecycle_hook {
    name                 = "drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    heartbeat_timeout    = var.drain_seconds
    default_result       = "CONTINUE"
  }

  metrics_granularity = "1Minute"
  enabled_metrics     = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize", "GroupMinSize"]

  dynamic "tag" {
    for_each = local.instance_tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # Rules first: an instance that cannot reach S3 or be probed would be replaced over and over.
  depends_on = [
    aws_vpc_security_group_egress_rule.rebuilder_https,
    aws_vpc_security_group_egress_rule.nlb_health,
    aws_vpc_security_group_ingress_rule.rebuilder_health,
    aws_vpc_security_group_egress_rule.rebuilder_https_prefix_list,
    aws_vpc_security_group_ingress_rule.rebuilder_geneve,
    aws_lb_listener.vxlan,
    aws_lb_listener.geneve,
    aws_kms_grant.autoscaling,
  ]

  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [aws_launch_template.rebuilder.latest_version, terraform_data.group.output]

    # Scaling changes the one; both count when a group is made.
    ignore_changes = [desired_capacity, min_elb_capacity]
  }

  timeouts {
    delete = "${15 + ceil(var.drain_seconds / 60)}m"
  }
}

resource "aws_autoscaling_policy" "rebuilder" {
  for_each = {
    for metric, target in {
      ASGAverageCPUUtilization = try(var.scaling.cpu_percent, null)
      ASGAverageNetworkIn      = try(var.scaling.network_in_bytes_per_minute, null)
    } : metric => target if target != null
  }

  name                   = "${aws_autoscaling_group.rebuilder.name}-${each.key}"
  autoscaling_group_name = aws_autoscaling_group.rebuilder.name
  policy_type            = "TargetTrackingScaling"

  # Installing packages takes CPU that says nothing about traffic.
  estimated_instance_warmup = 120

  target_tracking_configuration {
    target_value = each.value

    predefined_metric_specification {
      predefined_metric_type = each.key
    }
  }

  lifecycle {
    # The old group keeps its policy until the new one has taken over.
    create_before_destroy = true
  }
}
