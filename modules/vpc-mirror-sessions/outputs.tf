output "traffic_mirror_filter_id" {
  description = "The filter of every session."
  value       = aws_ec2_traffic_mirror_filter.this.id
}

output "traffic_mirror_target_id" {
  description = "The target of every session."
  value       = local.target_id
}

output "traffic_mirror_target_arn" {
  description = "ARN of the target, for shares of your own; null with create_target = false."
  value       = one(aws_ec2_traffic_mirror_target.this[*].arn)
}

output "traffic_mirror_session_ids" {
  description = "Session of each entry of network_interfaces."
  value       = { for key, session in aws_ec2_traffic_mirror_session.this : key => session.id }
}

output "sessions" {
  description = "What was made for each entry of network_interfaces: session, interface, session number, VNI and packet length."
  value = {
    for key, session in aws_ec2_traffic_mirror_session.this : key => {
      traffic_mirror_session_id = session.id
      network_interface_id      = session.network_interface_id
      session_number            = session.session_number
      virtual_network_id        = session.virtual_network_id
      packet_length             = session.packet_length
    }
  }
}

output "virtual_network_ids" {
  description = "Every VNI in use: the rebuilder's vni_filter."
  value       = distinct([for session in values(aws_ec2_traffic_mirror_session.this) : session.virtual_network_id])
}

output "description" {
  description = "`sessions` of a description for the command vpc-mirror, and with `reconcile` the `interfaces` that it follows."
  value       = local.description
}

output "reconciler" {
  description = "With `reconcile`: function, log group, dead-letter queue and alarms of the reconciler; else null."
  value = var.reconcile == null ? null : {
    function_name         = aws_lambda_function.reconcile[0].function_name
    log_group_name        = aws_cloudwatch_log_group.reconcile[0].name
    dead_letter_queue_arn = aws_sqs_queue.reconcile[0].arn
    alarm_names           = [aws_cloudwatch_metric_alarm.reconcile_failed[0].alarm_name, aws_cloudwatch_metric_alarm.reconcile_stale[0].alarm_name]
  }
}
