################################################################################
# Mirrored packets in
################################################################################

output "nlb_arn" {
  description = "ARN of the NLB: the target of the mirror sessions."
  value       = aws_lb.nlb.arn

  # A mirror target that outlives the UDP listener loses packets without a word: the listener goes after it, and comes before it.
  depends_on = [aws_lb_listener.vxlan]
}

output "nlb_dns_name" {
  description = "DNS name of the NLB."
  value       = aws_lb.nlb.dns_name
}

output "gateway_load_balancer_endpoint_service_name" {
  description = "Name of the endpoint service, for an endpoint of the type GatewayLoadBalancer in the VPC of the sources; null without gateway_load_balancer."
  value       = one(aws_vpc_endpoint_service.gwlb[*].service_name)

  depends_on = [aws_lb_listener.geneve]
}

output "target_group_arn" {
  description = "Target group of the rebuilders (UDP/4789, health check on 9445)."
  value       = aws_lb_target_group.vxlan.arn
}

################################################################################
# Requests out
################################################################################

output "mirror_endpoint" {
  description = "Where the rebuilders deliver requests, and where web servers may send their own HTTP mirrors: http://host:8445."
  value       = local.mirror_endpoint
}

output "raw_endpoint" {
  description = "L4 path for what an ALB would refuse or change; empty when there is none."
  value       = local.raw_endpoint
}

output "ext_proc_endpoint" {
  description = "Where whole exchanges are delivered to native nodes; empty when there are none."
  value       = local.ext_proc_endpoint
}

output "alb_arn" {
  description = "ARN of the internal ALB; null when mirror_endpoint was given."
  value       = one(aws_lb.alb[*].arn)
}

output "alb_dns_name" {
  description = "DNS name of the internal ALB; null when mirror_endpoint was given."
  value       = one(aws_lb.alb[*].dns_name)
}

output "mirror_snippets" {
  description = "Ready configuration for web servers that mirror HTTP themselves, by product: nginx, envoy, istio, haproxy, traefik."
  value       = local.mirror_snippets
}

################################################################################
# Instances
################################################################################

output "autoscaling_group_name" {
  description = "Name of the rebuilders' Auto Scaling group."
  value       = aws_autoscaling_group.rebuilder.name
}

output "launch_template_id" {
  description = "Launch template of the rebuilders."
  value       = aws_launch_template.rebuilder.id
}

output "iam_role_arn" {
  description = "Role of the rebuilders."
  value       = aws_iam_role.rebuilder.arn
}

output "security_group_ids" {
  description = "Security groups by what they guard: rebuilder, nlb, alb (null without one). Interfaces in the rebuilder group must never be mirrored."
  value = {
    rebuilder = aws_security_group.rebuilder.id
    nlb       = aws_security_group.nlb.id
    alb       = one(aws_security_group.alb[*].id)
  }
}

output "user_data" {
  description = "The cloud-init script of the instances, for review. It holds no secret."
  value       = local.user_data
}

output "config_yaml" {
  description = "The configuration file of the rebuilders as written to their disk."
  value       = local.config_yaml
}

output "artifact" {
  description = "The tarball that the instances install: its S3 URI and SHA-256."
  value = {
    s3_uri = local.artifact_s3_uri
    sha256 = local.artifact_sha256
  }
}

output "description" {
  description = "`rebuild` of a description for the command vpc-mirror: what it looks at in `doctor` and `status`."
  value = {
    autoscaling_group_name     = aws_autoscaling_group.rebuilder.name
    target_group_arn           = aws_lb_target_group.vxlan.arn
    nlb_arn                    = aws_lb.nlb.arn
    alb_arn                    = one(aws_lb.alb[*].arn)
    detection_target_group_arn = var.detection_target_group_arn
    raw_target_group_arn       = var.raw_target_group_arn
    ext_proc_target_group_arn  = local.ext_proc_on_nlb ? var.ext_proc.target_group_arn : null
    config_yaml                = local.config_yaml
    metrics_namespace          = local.metrics_namespace
    name_prefix                = var.name_prefix
  }
}

output "exchanges" {
  description = "Where the exchanges are: bucket, prefix, and the database and table for Athena; bucket, database and table are null without them."
  value = {
    bucket   = local.exchanges_bucket
    prefix   = local.exchanges_prefix
    database = one(aws_glue_catalog_database.exchanges[*].name)
    table    = one(aws_glue_catalog_table.exchanges[*].name)
  }
}

################################################################################
# Logs, metrics, alarms
################################################################################

output "log_group_name" {
  description = "CloudWatch log group of the rebuilders."
  value       = aws_cloudwatch_log_group.rebuilder.name
}

output "metrics_namespace" {
  description = "CloudWatch namespace of the rebuilders' own metrics."
  value       = local.metrics_namespace
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null when switched off."
  value       = one(aws_cloudwatch_dashboard.rebuilder[*].dashboard_name)
}

output "alarm_names" {
  description = "Names of the CloudWatch alarms, by what they watch."
  value = { for word, alarm in merge(
    aws_cloudwatch_metric_alarm.rebuilder,
    aws_cloudwatch_metric_alarm.skipped,
    aws_cloudwatch_metric_alarm.silence,
    { for alarm in aws_cloudwatch_metric_alarm.allowance : "allowance_exceeded" => alarm },
    { for alarm in aws_cloudwatch_metric_alarm.source_silent : "source_silent" => alarm },
  ) : word => alarm.alarm_name }
}
