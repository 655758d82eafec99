output "mirrored" {
  description = "Interfaces that are mirrored as of this apply; with reconcile, vpc-mirror status says it of any moment."
  value       = keys(module.enis.network_interfaces)
}

output "not_mirrored" {
  description = "Interfaces that a profile found and that AWS does not mirror, with the reason; and profile entries that found nothing."
  value       = { refused = module.enis.refused, unmatched = module.enis.unmatched }
}

output "vpc_mirror" {
  description = "The mirror as the command vpc-mirror reads it (docs/fleet.md): terraform output -json vpc_mirror > vpc_mirror.json"
  value = merge(module.sessions.description, {
    region     = var.region
    interfaces = module.enis.selectors
    rebuild    = merge(module.rebuild.description, { nodes_autoscaling_group_name = one(module.nodes[*].autoscaling_group_name) })
  })
}

output "mirror_endpoint" {
  description = "Where requests are delivered; web servers may send HTTP mirrors there, too. Empty with node = \"native\"."
  value       = module.rebuild.mirror_endpoint
}

output "ext_proc_endpoint" {
  description = "Where whole exchanges are delivered with node = \"native\"; else empty."
  value       = module.rebuild.ext_proc_endpoint
}

output "mirror_snippets" {
  description = "Configuration for web servers that mirror HTTP themselves: terraform output -json mirror_snippets | jq -r .nginx"
  value       = module.rebuild.mirror_snippets
}

output "rebuilders" {
  description = "The rebuilders' Auto Scaling group, log group and dashboard."
  value = {
    autoscaling_group = module.rebuild.autoscaling_group_name
    log_group         = module.rebuild.log_group_name
    dashboard         = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${module.rebuild.dashboard_name}"
  }
}

output "nodes_autoscaling_group" {
  description = "The nodes' Auto Scaling group; null with node = \"endpoint\"."
  value       = one(module.nodes[*].autoscaling_group_name)
}

output "next_steps" {
  description = "What to check now."
  value       = <<-EOT
    1. Interfaces mirrored: ${length(module.enis.network_interfaces)}; left out: ${length(module.enis.refused)} (output not_mirrored).
    2. Send a test attack to a mirrored instance:   curl http://ADDRESS/etc/passwd
    3. Watch it arrive:   aws logs tail ${module.rebuild.log_group_name} --follow --region ${var.region}
    4. Find it in Wallarm Console, Attacks (https://${startswith(var.host, "us1") ? "us1.my" : "my"}.wallarm.com/attacks), within a few minutes.
  EOT
}
