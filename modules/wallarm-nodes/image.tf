# The image is chosen once and then kept: a newer one would turn any apply into a rolling refresh of the nodes.

locals {
  ami_name = coalesce(var.ami_name, "wallarm-node-${replace(var.node_version, ".", "-")}-*")

  # Where it comes from when ami_id does not say: AWS Marketplace for NGINX nodes, Amazon Linux 2023 under the installer of native ones.
  marketplace  = !local.native && var.ami_id == null
  amazon_linux = local.native && var.ami_id == null

  newest_image = local.amazon_linux ? {
    id               = data.aws_ssm_parameter.amazon_linux[0].insecure_value
    root_device_name = "/dev/xvda"
    } : {
    id               = data.aws_ami.this[0].id
    root_device_name = data.aws_ami.this[0].root_device_name
  }
  image = terraform_data.image.output
}

data "aws_ami" "this" {
  count = local.amazon_linux ? 0 : 1

  owners      = local.marketplace ? ["679593333241"] : null # AWS Marketplace
  most_recent = true

  filter {
    name   = local.marketplace ? "name" : "image-id"
    values = [local.marketplace ? local.ami_name : var.ami_id]
  }

  filter {
    name   = "architecture"
    values = [var.architecture]
  }
}

data "aws_ssm_parameter" "amazon_linux" {
  count = local.amazon_linux ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

resource "terraform_data" "image" {
  input = local.newest_image

  # Other inputs ask for another image; a newer one alone does only with ami_update.
  triggers_replace = [var.kind, var.ami_id, local.ami_name, var.architecture, var.ami_update ? local.newest_image.id : ""]

  lifecycle {
    ignore_changes = [input]
  }
}
