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
