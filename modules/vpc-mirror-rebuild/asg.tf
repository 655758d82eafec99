locals {
  instance_type = coalesce(var.instance_type, { arm64 = "c7g.large", x86_64 = "c7i.large" }[var.architecture])
  ami_id        = coalesce(var.ami_id, try(data.aws_ssm_parameter.ami[0].insecure_value, null), "ami-none")

  # Scale-in exclusions and "who is who" for people; the ENI profiles leave out interfaces with this tag.
  instance_tags = merge(local.tags, { "vpc-mirror:role" = "rebuilder" })
}

data "aws_ssm_parameter" "ami" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

resource "aws_launch_template" "rebuilder" {
  name_prefix            = "${var.name_prefix}-"
  description            = "Rebuilder of mirrored traffic"
  image_id               = local.ami_id
  instance_type          = local.instance_type
  user_data              = base64encode(local.user_data)
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
      volume_size           = var.root_volume.size_gib
      encrypted             = true
      kms_key_id            = var.root_volume.kms_key_id
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
      condition     = length(local.user_data) <= 16384
      error_message = "The cloud-init script has ${length(local.user_data)} bytes; EC2 takes 16384. Shorten config or config_extra."
    }
  }

  # The artifact and the right to read it come before the first instance.
  depends_on = [aws_s3_object.artifact, aws_iam_role_policy.rebuilder]
}

resource "aws_autoscaling_group" "rebuilder" {
  name_prefix         = "${var.name_prefix}-"
  min_size            = var.min_size
  max_size            = var.max_size
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [aws_lb_target_group.vxlan.arn]

  health_check_type         = "ELB"
  health_check_grace_period = 180
  wait_for_capacity_timeout = var.wait_for_healthy ? "15m" : "0"
  min_elb_capacity          = var.wait_for_healthy ? var.min_size : null

  launch_template {
    id      = aws_launch_template.rebuilder.id
    version = aws_launch_template.rebuilder.latest_version
  }

  # A new version comes up beside the old one, and an unhealthy one is taken back.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
      auto_rollback          = true
      skip_matching          = true
      instance_warmup        = 120
    }
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
    aws_lb_listener.vxlan,
  ]
}

# The load balancer takes the flows away first; the instance then has this long to deliver what it holds.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.rebuilder.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.drain_seconds
  default_result         = "CONTINUE"
}

resource "aws_autoscaling_policy" "rebuilder" {
  for_each = {
    for metric, target in {
      ASGAverageCPUUtilization = var.scaling.cpu_percent
      ASGAverageNetworkIn      = var.scaling.network_in_bytes_per_minute
    } : metric => target if target != null
  }

  name                   = "${var.name_prefix}-${each.key}"
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
}
