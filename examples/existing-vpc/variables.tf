variable "region" {
  description = "AWS region."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets for the rebuilders, in two Availability Zones."
  type        = list(string)
}

variable "iam_path" {
  description = "Path of the roles and instance profiles, where an organisation's policies want one."
  type        = string
  default     = "/"
}

variable "iam_permissions_boundary_arn" {
  description = "Policy that bounds what the roles may ever do, where an organisation's policies want one."
  type        = string
  default     = null
}

variable "mirrored_subnet_ids" {
  description = "Subnets whose instances are mirrored."
  type        = set(string)
}

variable "mirror_endpoint" {
  description = "Detection nodes, like http://nodes.internal:8445."
  type        = string
}

variable "artifact_file" {
  description = "Tarball of the service, from `npm run package`."
  type        = string
  default     = "../../dist/vpc-mirror.tar.gz"
}

variable "reconcile" {
  description = <<-EOT
    Sessions that follow the fleet: a Lambda function gives new instances theirs within seconds, and takes it from those that are
    gone or stopped. All sessions are then its own, and a scaled group changes no plan. {} is enough. `artifact_file`: default
    dist/vpc-mirror-reconciler.zip of this checkout, which `npm run package` builds; the rest as in vpc-mirror-sessions.
    null: Terraform makes the sessions, and they are as old as the last apply.
  EOT
  type = object({
    artifact_file     = optional(string)
    every_minutes     = optional(number)
    stopped_instances = optional(string)
    runtime           = optional(string)
  })
  default = null
}
