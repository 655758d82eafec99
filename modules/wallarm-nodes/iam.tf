# The nodes may read their own secrets, and nothing else.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# IAM is global: two regions, or two deployments, must not meet on a name.
resource "aws_iam_role" "node" {
  name_prefix          = "${var.name_prefix}-"
  path                 = var.iam_path
  permissions_boundary = var.iam_permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  tags                 = local.tags
}

resource "aws_iam_instance_profile" "node" {
  name_prefix = "${var.name_prefix}-"
  path        = var.iam_path
  role        = aws_iam_role.node.name
  tags        = local.tags
}

locals {
  secret_arns    = compact([var.token_secret_arn, try(var.certificate.secret_arn, null)])
  secrets        = [for arn in local.secret_arns : arn if strcontains(arn, ":secretsmanager:")]
  parameters     = [for arn in local.secret_arns : arn if strcontains(arn, ":ssm:")]
  certificates   = compact([try(var.certificate.acm_certificate_arn, null)])
  secret_regions = distinct([for arn in local.secret_arns : split(":", arn)[3]])
  reads_secrets  = length(local.secret_arns) + length(local.certificates) > 0
}

data "aws_iam_policy_document" "node" {
  count = local.reads_secrets ? 1 : 0

  dynamic "statement" {
    for_each = {
      for sid, statement in {
        ReadSecrets       = { action = "secretsmanager:GetSecretValue", resources = local.secrets }
        ReadParameters    = { action = "ssm:GetParameter", resources = local.parameters }
        ExportCertificate = { action = "acm:ExportCertificate", resources = local.certificates }
      } : sid => statement if length(statement.resources) > 0
    }

    content {
      sid       = statement.key
      actions   = [statement.value.action]
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [true] : []

    content {
      sid       = "DecryptThem"
      actions   = ["kms:Decrypt"]
      resources = var.kms_key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = flatten([for region in local.secret_regions : ["secretsmanager.${region}.amazonaws.com", "ssm.${region}.amazonaws.com"]])
      }
    }
  }
}

resource "aws_iam_role_policy" "node" {
  count = local.reads_secrets ? 1 : 0

  name_prefix = "${var.name_prefix}-"
  role        = aws_iam_role.node.id
  policy      = data.aws_iam_policy_document.node[0].json
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = var.iam_policy_arns

  role       = aws_iam_role.node.name
  policy_arn = each.value
}
