# Silence is an alarm: everything else here counts what arrives, and sees nothing where nothing comes.

locals {
  silence_alarms = {
    no_packets = {
      description = "No mirrored packet reached a rebuilder: no session, sources that are idle, a security group or the NLB's listener in between. `vpc-mirror doctor` names the place; silence_alarms_enabled = false is for systems that are idle by nature."
      missing     = "missing"
      queries = {
        arrived = { expression = null, namespace = local.metrics_namespace, metric_name = "rebuilder_packets_in_total", dimensions = local.deployment_dimension, stat = "Sum" }
        silent  = { expression = "IF(arrived > 0, 0, 1)" }
      }
    }
    packets_lost_on_the_way = {
      description = "Sources of this region mirror packets, and none reaches a rebuilder: the target, the NLB's listener, or security groups."
      missing     = "notBreaching"
      queries = {
        sent    = { expression = "SELECT SUM(NetworkPacketsMirrorIn) FROM SCHEMA(\"AWS/EC2\", InstanceId)" }
        arrived = { expression = null, namespace = local.metrics_namespace, metric_name = "rebuilder_packets_in_total", dimensions = local.deployment_dimension, stat = "Sum" }
        silent  = { expression = "IF(sent > 0 AND FILL(arrived, 0) < 1, 1, 0)" }
      }
    }
    agent_silent = {
      description = "Fewer rebuilders report than are in service: the CloudWatch agent of one is silent, and no other alarm can see that one."
      missing     = "notBreaching"
      queries = {
        in_service = { expression = null, namespace = "AWS/AutoScaling", metric_name = "GroupInServiceInstances", dimensions = local.asg_dimensions, stat = "Average" }
        reports    = { expression = null, namespace = local.metrics_namespace, metric_name = "rebuilder_endpoint_up", dimensions = local.deployment_dimension, stat = "SampleCount" }
        # Each reports once a minute. Half of a report is lost to the minutes' edges at most.
        silent = { expression = "IF(in_service - FILL(reports, 0) / 5 > 0.5, 1, 0)" }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = { for name, alarm in local.silence_alarms : name => alarm if var.alarms_enabled && var.silence_alarms_enabled }

  alarm_name          = "${var.name_prefix}-${replace(each.key, "_", "-")}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = local.silence_periods
  datapoints_to_alarm = local.silence_periods
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags

  dynamic "metric_query" {
    for_each = each.value.queries

    content {
      id          = metric_query.key
      expression  = metric_query.value.expression
      period      = metric_query.value.expression == null ? null : 300
      label       = metric_query.key == "silent" ? "Silence (1)" : null
      return_data = metric_query.key == "silent"

      dynamic "metric" {
        for_each = metric_query.value.expression == null ? [metric_query.value] : []

        content {
          namespace   = metric.value.namespace
          metric_name = metric.value.metric_name
          dimensions  = metric.value.dimensions
          stat        = metric.value.stat
          period      = 300
        }
      }
    }
  }
}

# Each source is a series of its own, and joins and leaves the alarm by itself. Only instances with a session have the metric.
resource "aws_cloudwatch_metric_alarm" "source_silent" {
  count = var.alarms_enabled && var.silence_alarms_enabled ? 1 : 0

  alarm_name          = "${var.name_prefix}-source-silent"
  alarm_description   = "AWS mirrors nothing of a source that has a session (any of the region): the instance is idle, or its session, filter or ports no longer fit it. The alarm's contributors name the instance."
  comparison_operator = "LessThanOrEqualToThreshold"
  threshold           = 0
  evaluation_periods  = local.silence_periods
  datapoints_to_alarm = local.silence_periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags

  metric_query {
    id          = "mirrored"
    expression  = "SELECT SUM(NetworkPacketsMirrorIn) FROM SCHEMA(\"AWS/EC2\", InstanceId) GROUP BY InstanceId ORDER BY SUM() ASC"
    period      = 300
    return_data = true
  }
}

locals {
  # Of five minutes each: basic monitoring of a source reports no faster.
  silence_periods = ceil(coalesce(lookup(var.alarm_thresholds, "silent_minutes", null), 30) / 5)
}
