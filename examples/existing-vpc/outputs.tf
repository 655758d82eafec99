output "mirrored" {
  description = "Interfaces that are mirrored now."
  value       = keys(module.sessions.traffic_mirror_session_ids)
}

output "not_mirrored" {
  description = "Interfaces found that AWS does not mirror, with the reason."
  value       = module.enis.refused
}

output "log_group_name" {
  description = "Logs of the rebuilders."
  value       = module.rebuild.log_group_name
}
