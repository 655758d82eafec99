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

output "mirrorable_list_date" {
  description = "The day on which the list of mirrorable instance types was read."
  value       = local.mirrorable.date
}
