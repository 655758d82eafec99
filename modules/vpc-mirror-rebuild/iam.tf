# What an instance may do: read its tarball, write its logs and metrics. Nothing else unless asked for.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rebuilder" {
  name_prefix          = "${var.name_prefix}-"
  description          = "Rebuilders of mirrored traffic"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  path                 = var.iam_path
  permissions_boundary = var.iam_permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_instance_profile" "rebuilder" {
  name_prefix = "${var.name_prefix}-"
  role        = aws_iam_role.rebuilder.name
  path        = var.iam_path
  tags        = local.tags
}

data "aws_iam_policy_document" "rebuilder" {
  statement {
    sid       = "ReadArtifact"
    actions   = local.artifact_upload ? ["s3:GetObject", "s3:GetObjectVersion"] : ["s3:GetObject"]
    resources = [local.artifact_arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [for group in [aws_cloudwatch_log_group.rebuilder, aws_cloudwatch_log_group.metrics] : "${group.arn}:*"]
  }

  # PutMetricData knows no resources; the namespace is what it can be held to.
  statement {
    sid       = "WriteMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metrics_namespace]
    }
  }

  # To abort what was begun is part of writing: parts that are left cost money.
  dynamic "statement" {
    for_each = aws_s3_bucket.exchanges[*].arn

    content {
      sid       = "WriteExchanges"
      actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      resources = ["${statement.value}/${local.exchanges_prefix}*"]
    }
  }

  # S3 decrypts the parts of an upload to join them.
  dynamic "statement" {
    for_each = try(var.exchanges.kms_key_arn, null)[*]

    content {
      sid       = "EncryptExchanges"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.loop_key_parameter[*]

    content {
      sid       = "ReadLoopKey"
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:parameter/${trimprefix(statement.value, "/")}"]
    }
  }
}

resource "aws_iam_role_policy" "rebuilder" {
  name_prefix = "${var.name_prefix}-"
  role        = aws_iam_role.rebuilder.id
  policy      = data.aws_iam_policy_document.rebuilder.json
}

resource "aws_iam_role_policy_attachment" "ssm" {
  count = var.ssm_enabled ? 1 : 0

  role       = aws_iam_role.rebuilder.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy_attachment" "extra" {
  for_each = var.iam_policy_arns

  role       = aws_iam_role.rebuilder.name
  policy_arn = each.value
}
