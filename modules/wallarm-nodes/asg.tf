locals {
  # A key that is not given is null.
  root_volume = {
    size_gib   = try(tonumber(var.root_volume.size_gib), null)
    kms_key_id = try(var.root_volume.kms_key_id, null)
    kms_grant  = try(tobool(var.root_volume.kms_grant), null)
  }
}

resource "aws_launch_template" "node" {
  name_prefix            = "${var.name_prefix}-"
  description            = "Wallarm node (${var.kind})"
  image_id               = local.image.id
  instance_type          = var.instance_type
  user_data              = base64encode(local.user_data)
  update_default_version = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
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
    security_groups             = [aws_security_group.node.id]
  }

  block_device_mappings {
    device_name = local.image.root_device_name

    ebs {
      volume_type           = "gp3"
      volume_size           = coalesce(local.root_volume.size_gib, 30)
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
      # 16384 bytes: base64 makes 4 characters of 3.
      condition     = length(base64encode(local.user_data)) <= 21848
      error_message = "The user data has more than the 16384 bytes that EC2 takes. Shorten config, tenants or labels."
    }
  }

  # The right to read the secrets comes before the first instance.
  depends_on = [aws_iam_role_policy.node, aws_iam_role_policy_attachment.node]
}

# The right of EC2 Auto Scaling to start instances with a volume under a key of the user's own; without it they end at once.
resource "aws_kms_grant" "autoscaling" {
  count = local.root_volume.kms_key_id == null || local.root_volume.kms_grant == false ? 0 : 1

  name              = "${var.name_prefix}-autoscaling"
  key_id            = local.root_volume.kms_key_id
  grantee_principal = local.service_linked_role_arn
  operations        = ["Decrypt", "Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "DescribeKey", "CreateGrant"]
}

resource "aws_autoscaling_group" "nodes" {
  name_prefix         = "${var.name_prefix}-"
  min_size            = var.min_size
  max_size            = var.max_size
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [for group in aws_lb_target_group.node : group.arn]

  health_check_type         = "ELB"
  health_check_grace_period = 600
  service_linked_role_arn   = var.service_linked_role_arn

  # A renewed certificate reaches the nodes with new instances.
  max_instance_lifetime = local.native ? coalesce(var.max_instance_lifetime, 2592000) : var.max_instance_lifetime

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  # A new version comes up beside the old one.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
      skip_matching          = true
      instance_warmup        = 300
    }
  }

  dynamic "tag" {
    for_each = local.instance_tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # Rules first: a node that cannot reach the Wallarm Cloud or be probed would be replaced over and over.
  depends_on = [aws_vpc_security_group_egress_rule.node, aws_vpc_security_group_ingress_rule.node, aws_kms_grant.autoscaling]
}

resource "aws_autoscaling_policy" "nodes" {
  name                      = "${var.name_prefix}-cpu"
  autoscaling_group_name    = aws_autoscaling_group.nodes.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 300

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
