output "network_interfaces" {
  description = "The interfaces to mirror, keyed by their id (those of by_id by their word), with every profile that picked them and a note where AWS's own pages do not say whether it mirrors them. Made for the sessions module's input of the same name."
  value       = local.picked
}

output "refused" {
  description = "Interfaces that a profile found and that are left out: id to reason."
  value       = local.refused
}

output "unmatched" {
  description = "Profile entries that found no interface at all, such as \"by_asg shop\"."
  value       = local.unmatched
}

output "unchecked_target_groups" {
  description = "Target groups that an Auto Scaling group of the region names and that by_elb left alone, because they carry no tag, or are gone. If one of them stands behind a load balancer of by_elb, name it in target_group_names."
  value       = sort(local.by_elb_unchecked)
}

output "mirrorable_list_date" {
  description = "The day on which the list of mirrorable instance types was read."
  value       = local.mirrorable.date
}

output "selectors" {
  description = "The inputs as given: `interfaces` of a description for the command vpc-mirror and for the reconciler, which pick and refuse the same."
  value = {
    by_asg                         = var.by_asg
    by_eks                         = var.by_eks
    by_elb                         = var.by_elb
    by_instance                    = var.by_instance
    by_subnet                      = var.by_subnet
    by_tags                        = var.by_tags
    by_id                          = var.by_id
    by_id_without_instance         = var.by_id_without_instance
    vpc_id                         = var.vpc_id
    primary_network_interface_only = var.primary_network_interface_only
    excluded_network_interface_ids = var.excluded_network_interface_ids
    excluded_instance_ids          = var.excluded_instance_ids
    excluded_tags                  = var.excluded_tags
    treat_as_mirrorable            = var.treat_as_mirrorable
  }
}
