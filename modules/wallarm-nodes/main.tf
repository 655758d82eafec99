# Wallarm nodes behind the load balancers of vpc-mirror-rebuild: NGINX nodes take requests over HTTP, native nodes take whole exchanges over
# Envoy's external processing protocol (ext_proc). What differs between them is in nginx.tf and native.tf; the rest serves both.

locals {
  native = var.kind == "native"

  tags = merge(var.tags, { Name = var.name_prefix })

  # Auto Scaling and launch templates know nothing of the provider's default tags. The role keeps the ENI profiles from mirroring a node.
  instance_tags = merge(data.aws_default_tags.current.tags, local.tags, { "vpc-mirror:role" = "detection-node" })

  service_linked_role_arn = coalesce(
    var.service_linked_role_arn,
    "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
  )

  ports = local.native ? { ext_proc = 5080, health = 8080 } : { http = 8445, health = 8448 }

  user_data = templatefile("${path.module}/templates/user-data.sh.tftpl", {
    needs_aws          = var.token_secret_arn != null || local.native
    token              = var.token_secret_arn != null ? "" : var.token
    token_command      = local.token_command
    labels             = join(",", [for key, value in var.labels : "${key}=${value}"])
    api_discovery_only = var.api_discovery_only
    setup              = local.native ? local.native_setup : local.nginx_setup
  })

  # Reads a secret or a parameter, on the instance. The region is the ARN's own.
  secret_commands = {
    for word, arn in { token = var.token_secret_arn, certificate = try(var.certificate.secret_arn, null) } :
    word => (
      arn == null ? "" :
      strcontains(arn, ":ssm:") ?
      "aws ssm get-parameter --region '${split(":", arn)[3]}' --with-decryption --name '${arn}' --query Parameter.Value --output text" :
      "aws secretsmanager get-secret-value --region '${split(":", arn)[3]}' --secret-id '${arn}' --query SecretString --output text"
    )
  }
  token_command = local.secret_commands.token
}

data "aws_default_tags" "current" {}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_subnet" "this" {
  count = length(var.subnet_ids)

  id = var.subnet_ids[count.index]
}

# What one variable cannot check alone. Nothing is made in AWS by this resource.
resource "terraform_data" "inputs" {
  lifecycle {
    precondition {
      condition     = var.token != null || var.token_secret_arn != null
      error_message = "No token: put it into AWS Secrets Manager and set token_secret_arn, or set token. One is made in Wallarm Console: Settings, API tokens, usage type Node deployment/Deployment."
    }

    precondition {
      condition     = var.token == null || var.token_secret_arn == null
      error_message = "Both token and token_secret_arn are given: keep token_secret_arn, and remove token."
    }

    precondition {
      condition     = !local.native || var.certificate != null
      error_message = "A native node needs certificate: clients speak TLS to it (certificate = { secret_arn = … } or { acm_certificate_arn = … })."
    }

    precondition {
      condition     = local.native || (var.certificate == null && var.installer == null && length(keys(var.config)) == 0)
      error_message = "certificate, installer and config are for native nodes: remove them, or set kind = \"native\"."
    }

    precondition {
      condition     = !local.native || length(var.tenants) == 0
      error_message = "tenants are for NGINX nodes: a native node names its tenants in config.route_config."
    }

    precondition {
      condition     = !local.native || var.installer != null || var.ami_id != null
      error_message = "A native node needs installer (the vendor's all-in-one installer: url and sha256), or ami_id of the vendor's image, which brings one."
    }

    precondition {
      condition     = local.native || var.architecture == "x86_64"
      error_message = "The images of NGINX nodes are for x86_64 only."
    }

    precondition {
      condition     = can(regex("^(a1|[a-z]+[0-9]+g[a-z]*)[.]", var.instance_type)) == (var.architecture == "arm64")
      error_message = "instance_type ${var.instance_type} is not ${var.architecture}: choose another, or set architecture."
    }

    precondition {
      condition     = var.min_size <= var.max_size
      error_message = "min_size (${var.min_size}) is larger than max_size (${var.max_size})."
    }
  }
}
