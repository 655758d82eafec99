# What the reconciler may do: read the fleet, and make, change and remove sessions that have its tag, from this mirror's
# filter to its target.

data "aws_partition" "current" {
  count = local.reconcile_count
}

data "aws_region" "current" {
  count = local.reconcile_count
}

data "aws_caller_identity" "current" {
  count = local.reconcile_count
}

data "aws_iam_policy_document" "reconcile_assume" {
  count = local.reconcile_count

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "reconcile" {
  # checkov:skip=CKV_AWS_356: Describe and List calls know no resources; everything that writes names its own.
  count = local.reconcile_count

  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "ec2:DescribeInstances",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeTrafficMirrorFilters",
      "ec2:DescribeTrafficMirrorSessions",
      "ec2:DescribeTrafficMirrorTargets",
      "eks:DescribeNodegroup",
      "eks:ListNodegroups",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTargetGroups",
    ]
    resources = ["*"]
  }

  # A session is made of an interface, a filter and a target; it must carry our tag from its first moment.
  statement {
    sid       = "MakeSessionsOf"
    actions   = ["ec2:CreateTrafficMirrorSession"]
    resources = ["${local.reconcile_arn}:network-interface/*", local.reconcile_filter_arn, local.reconcile_target_arn]
  }

  statement {
    sid       = "MakeSessions"
    actions   = ["ec2:CreateTrafficMirrorSession"]
    resources = ["${local.reconcile_arn}:traffic-mirror-session/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/vpc-mirror:owner"
      values   = [var.name_prefix]
    }
  }

  statement {
    sid       = "TagSessionsAtBirth"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.reconcile_arn}:traffic-mirror-session/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateTrafficMirrorSession"]
    }
  }

  statement {
    sid       = "ChangeOwnSessions"
    actions   = ["ec2:DeleteTrafficMirrorSession", "ec2:ModifyTrafficMirrorSession"]
    resources = ["${local.reconcile_arn}:traffic-mirror-session/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/vpc-mirror:owner"
      values   = [var.name_prefix]
    }
  }

  # Modifying a session names its filter and target, too.
  statement {
    sid       = "ChangeSessionsTo"
    actions   = ["ec2:ModifyTrafficMirrorSession"]
    resources = [local.reconcile_filter_arn, local.reconcile_target_arn]
  }

  # What AWS has refused, and that everything is being destroyed, is written on the filter.
  statement {
    sid       = "RememberOnTheFilter"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = [local.reconcile_filter_arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["vpc-mirror:refused", "vpc-mirror:retired"]
    }

    # Of no key at all the condition above is true, and a call that names none takes away every tag.
    condition {
      test     = "Null"
      variable = "aws:TagKeys"
      values   = ["false"]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.reconcile[0].arn}:*"]
  }

  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.reconcile[0].arn]
  }
}

locals {
  # Both empty where there is no reconciler, as the data sources are.
  reconcile_ec2        = var.reconcile == null ? "" : "arn:${data.aws_partition.current[0].partition}:ec2:${data.aws_region.current[0].name}"
  reconcile_arn        = var.reconcile == null ? "" : "${local.reconcile_ec2}:${data.aws_caller_identity.current[0].account_id}"
  reconcile_filter_arn = "${local.reconcile_arn}:traffic-mirror-filter/${aws_ec2_traffic_mirror_filter.this.id}"
  # Of any account: another one may share it.
  reconcile_target_arn = "${local.reconcile_ec2}:*:traffic-mirror-target/${local.target_id}"
}

resource "aws_iam_role" "reconcile" {
  count = local.reconcile_count

  name_prefix          = "${substr(local.reconcile_name, 0, 37)}-"
  description          = "Reconciler of mirror sessions"
  assume_role_policy   = data.aws_iam_policy_document.reconcile_assume[0].json
  path                 = var.iam_path
  permissions_boundary = var.iam_permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "reconcile" {
  count = local.reconcile_count

  role   = aws_iam_role.reconcile[0].id
  policy = data.aws_iam_policy_document.reconcile[0].json
}
