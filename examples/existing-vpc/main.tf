# The least that works: chosen interfaces of an existing VPC, and detection nodes that exist. No Wallarm node is made.

provider "aws" {
  region = var.region
}

data "aws_subnet" "mirrored" {
  for_each = var.mirrored_subnet_ids

  id = each.value
}

module "enis" {
  source = "../../enis"

  by_subnet = var.mirrored_subnet_ids
}

module "rebuild" {
  source = "../../modules/vpc-mirror-rebuild"

  vpc_id          = var.vpc_id
  subnet_ids      = var.private_subnet_ids
  mirrored_cidrs  = [for subnet in data.aws_subnet.mirrored : subnet.cidr_block]
  mirror_endpoint = var.mirror_endpoint
  artifact_file   = var.artifact_file

  iam_path                     = var.iam_path
  iam_permissions_boundary_arn = var.iam_permissions_boundary_arn
}

module "sessions" {
  source = "../../modules/vpc-mirror-sessions"

  # One owner, so that a scaled group changes no plan: Terraform's, or the reconciler's.
  network_interfaces        = var.reconcile == null ? module.enis.network_interfaces : {}
  network_load_balancer_arn = module.rebuild.nlb_arn

  reconcile = var.reconcile == null ? null : {
    interfaces        = module.enis.selectors
    artifact_file     = coalesce(var.reconcile.artifact_file, "${path.module}/../../dist/vpc-mirror-reconciler.zip")
    every_minutes     = var.reconcile.every_minutes
    stopped_instances = var.reconcile.stopped_instances
    runtime           = var.reconcile.runtime
  }

  iam_path                     = var.iam_path
  iam_permissions_boundary_arn = var.iam_permissions_boundary_arn
}
