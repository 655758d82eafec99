# Instances, by id.

locals {
  by_instance_instance_ids = { for id in var.by_instance : "by_instance ${id}" => [id] }
}
