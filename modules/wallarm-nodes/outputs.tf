output "http_target_group_arn" {
  description = "NGINX nodes behind an ALB: detection_target_group_arn of vpc-mirror-rebuild; null for native nodes."
  value       = try(aws_lb_target_group.node["http"].arn, null)
}

output "raw_target_group_arn" {
  description = "NGINX nodes behind the NLB: raw_target_group_arn of vpc-mirror-rebuild; null for native nodes."
  value       = try(aws_lb_target_group.node["raw"].arn, null)
}

output "ext_proc_target_group_arn" {
  description = "Native nodes behind the NLB: ext_proc.target_group_arn of vpc-mirror-rebuild; null for NGINX nodes."
  value       = try(aws_lb_target_group.node["ext_proc"].arn, null)
}

output "ports" {
  description = "Ports that the load balancers connect to, traffic and health check: detection_ports of vpc-mirror-rebuild."
  value       = values(local.ports)
}

output "autoscaling_group_name" {
  description = "The nodes' Auto Scaling group."
  value       = aws_autoscaling_group.nodes.name
}

output "security_group_id" {
  description = "Security group of the nodes. Interfaces in it must never be mirrored."
  value       = aws_security_group.node.id
}

output "iam_role_arn" {
  description = "Role of the nodes."
  value       = aws_iam_role.node.arn
}

output "image_id" {
  description = "The image that the nodes run, kept until ami_update or another input changes it."
  value       = local.image.id
}
