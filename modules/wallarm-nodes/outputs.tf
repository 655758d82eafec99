output "http_target_group_arn" {
  description = "Target group of the nodes for the ALB: detection_target_group_arn of vpc-mirror-rebuild."
  value       = aws_lb_target_group.http.arn
}

output "raw_target_group_arn" {
  description = "Target group of the nodes for the NLB: raw_target_group_arn of vpc-mirror-rebuild."
  value       = aws_lb_target_group.raw.arn
}

output "autoscaling_group_name" {
  description = "The nodes' Auto Scaling group."
  value       = aws_autoscaling_group.nodes.name
}
