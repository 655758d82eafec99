output "mirrored" {
  description = "Interfaces that are mirrored as of this apply; with reconcile, vpc-mirror status says it of any moment."
  value       = keys(module.enis.network_interfaces)
}

output "not_mirrored" {
  description = "Interfaces found that AWS does not mirror, with the reason."
  value       = module.enis.refused
}

output "vpc_mirror" {
  description = "The mirror as the command vpc-mirror reads it (docs/fleet.md): terraform output -json vpc_mirror > vpc_mirror.json"
  value = merge(module.sessions.description, {
    region     = var.region
    interfaces = module.enis.selectors
    rebuild    = module.rebuild.description
  })
}

output "log_group_name" {
  description = "Logs of the rebuilders."
  value       = module.rebuild.log_group_name
}
