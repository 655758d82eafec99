locals {
  alarm_thresholds = {
    requests_lost   = coalesce(lookup(var.alarm_thresholds, "requests_lost", null), 0)
    datagrams_lost  = coalesce(lookup(var.alarm_thresholds, "datagrams_lost", null), 0)
    skipped_bytes   = coalesce(lookup(var.alarm_thresholds, "skipped_bytes", null), 0)
    busiest_percent = coalesce(lookup(var.alarm_thresholds, "busiest_percent", null), 85)
    second_readings = coalesce(lookup(var.alarm_thresholds, "second_readings", null), 0)
  }

  metrics_namespace = "VpcMirror"
  region            = data.aws_region.current.name

  deployment_dimension = { deployment = var.name_prefix }
  nlb_dimensions       = { LoadBalancer = aws_lb.nlb.arn_suffix, TargetGroup = aws_lb_target_group.vxlan.arn_suffix }
  asg_dimensions       = { AutoScalingGroupName = aws_autoscaling_group.rebuilder.name }
  alb_dimensions       = { LoadBalancer = one(aws_lb.alb[*].arn_suffix) }
}

resource "aws_cloudwatch_log_group" "rebuilder" {
  # checkov:skip=CKV_AWS_338: how long is an input; the lines say how the service runs, not who asked what.
  name              = "/${var.name_prefix}/rebuilder"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}

# The agent hands Prometheus metrics over as log lines; the reasons of each loss stay readable in them.
resource "aws_cloudwatch_log_group" "metrics" {
  # checkov:skip=CKV_AWS_338: how long is an input; the lines say how the service runs, not who asked what.
  name              = "/${var.name_prefix}/metrics"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.log_kms_key_arn
  tags              = local.tags
}

################################################################################
# Alarms
################################################################################

locals {
  alarms = merge(
    {
      unhealthy_rebuilders = {
        description = "A rebuilder does not answer its health check; the others carry its share."
        namespace   = "AWS/NetworkELB", metric_name = "UnHealthyHostCount", dimensions = local.nlb_dimensions
        statistic   = "Maximum", comparison = "GreaterThanThreshold", threshold = 0, minutes = 3, missing = "notBreaching"
      }
      no_rebuilder = {
        description = "No rebuilder is healthy: all mirrored traffic is lost."
        namespace   = "AWS/NetworkELB", metric_name = "HealthyHostCount", dimensions = local.nlb_dimensions
        statistic   = "Minimum", comparison = "LessThanThreshold", threshold = 1, minutes = 2, missing = "breaching"
      }
      requests_lost = {
        description = "Requests were rebuilt and could not be delivered; log group ${aws_cloudwatch_log_group.metrics.name} names the reasons."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_requests_lost_total", dimensions = local.deployment_dimension
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.requests_lost, minutes = 3, missing = "notBreaching"
      }
      datagrams_lost = {
        description = "The kernel dropped datagrams because a receive buffer was full: more rebuilders are needed."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_events_total"
        dimensions  = merge(local.deployment_dimension, { name = "capture.kernel_drops" })
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.datagrams_lost, minutes = 3, missing = "notBreaching"
      }
      # Normal traffic has none: one minute is enough.
      second_readings = {
        description = "Somebody sends requests that servers read in two ways: a scanner, an evasion or a broken device. X-Mirror-Reading marks them at the node (http.second_readings; docs/operations.md)."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_events_total"
        dimensions  = merge(local.deployment_dimension, { name = "http.second_readings" })
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.second_readings, minutes = 1, missing = "notBreaching"
      }
      readings_limit = {
        description = "Somebody sends what servers can read in more ways than are told: a reading may not have reached the node (http.readings_limit; docs/operations.md)."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_events_total"
        dimensions  = merge(local.deployment_dimension, { name = "http.readings_limit" })
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.second_readings, minutes = 1, missing = "notBreaching"
      }
      stream_readings_limit = {
        description = "Somebody sends segments that contradict each other in more ways than are read: a reading may not have reached the node (tcp.readings_limit; docs/operations.md)."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_events_total"
        dimensions  = merge(local.deployment_dimension, { name = "tcp.readings_limit" })
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.second_readings, minutes = 1, missing = "notBreaching"
      }
      endpoint_down = {
        description = "A rebuilder gets no answer from ${join(" or ", compact([local.mirror_endpoint, local.ext_proc_endpoint]))}."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_endpoint_up", dimensions = local.deployment_dimension
        statistic   = "Minimum", comparison = "LessThanThreshold", threshold = 1, minutes = 3, missing = "notBreaching"
      }
      busiest_rebuilder = {
        description = "One rebuilder is nearly at its capacity.${var.responses_mirrored ? " With responses mirrored, each interface stays on one rebuilder: scaling out does not help a single busy interface." : ""}"
        namespace   = "AWS/EC2", metric_name = "CPUUtilization", dimensions = local.asg_dimensions
        statistic   = "Maximum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.busiest_percent, minutes = 5, missing = "notBreaching"
      }
    },
    local.ext_proc_enabled ? {
      exchanges_lost = {
        description = "Exchanges were rebuilt and could not be delivered to the native nodes; log group ${aws_cloudwatch_log_group.metrics.name} names the reasons."
        namespace   = local.metrics_namespace, metric_name = "rebuilder_exchanges_lost_total", dimensions = local.deployment_dimension
        statistic   = "Sum", comparison = "GreaterThanThreshold", threshold = local.alarm_thresholds.requests_lost, minutes = 3, missing = "notBreaching"
      }
    } : {},
    local.alb_enabled ? {
      unhealthy_nodes = {
        description = "A detection node does not answer the ALB's health check."
        namespace   = "AWS/ApplicationELB", metric_name = "UnHealthyHostCount"
        dimensions  = merge(local.alb_dimensions, { TargetGroup = element(split(":", var.detection_target_group_arn), 5) })
        statistic   = "Maximum", comparison = "GreaterThanThreshold", threshold = 0, minutes = 3, missing = "notBreaching"
      }
    } : {},
  )

  # AWS drops mirrored packets before production ones where an instance is short of bandwidth; it says so on the source instance.
  skipped_metrics = merge(
    { skipped_in = "NetworkSkipMirrorIn" },
    var.responses_mirrored ? { skipped_out = "NetworkSkipMirrorOut" } : {},
  )
}

resource "aws_cloudwatch_metric_alarm" "rebuilder" {
  for_each = var.alarms_enabled ? local.alarms : {}

  alarm_name          = "${var.name_prefix}-${replace(each.key, "_", "-")}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

# One query over all instances of the account and region: sources come and go, and need no alarm each.
resource "aws_cloudwatch_metric_alarm" "skipped" {
  for_each = var.alarms_enabled ? local.skipped_metrics : {}

  alarm_name          = "${var.name_prefix}-${replace(each.key, "_", "-")}"
  alarm_description   = "AWS did not mirror packets of a source instance, most often for want of bandwidth (${each.value}, all instances of the region)."
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.alarm_thresholds.skipped_bytes
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags

  metric_query {
    id          = "skipped"
    expression  = "SELECT SUM(${each.value}) FROM SCHEMA(\"AWS/EC2\", InstanceId)"
    period      = 300
    return_data = true
  }
}

# Packets that AWS dropped at a rebuilder, because its instance type allows no more: they never reach the kernel, nor its counters.
resource "aws_cloudwatch_metric_alarm" "allowance" {
  count = var.alarms_enabled ? 1 : 0

  alarm_name          = "${var.name_prefix}-allowance-exceeded"
  alarm_description   = "AWS dropped packets at a rebuilder: bandwidth, packets per second or tracked connections of its instance type are used up."
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.alarm_thresholds.datagrams_lost
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags

  metric_query {
    id          = "dropped"
    expression  = "DIFF(bw) + DIFF(pps) + DIFF(conntrack)"
    label       = "Dropped in a minute, at all rebuilders"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.allowance_metrics

    content {
      id = metric_query.key

      metric {
        namespace   = local.metrics_namespace
        metric_name = metric_query.value
        dimensions  = local.deployment_dimension
        # Not the maximum: a rebuilder that begins to drop would stay hidden behind another one's higher total. When one goes, the
        # sum falls, which is no alarm; a report that is a minute late is one datapoint, and three are needed.
        stat   = "Sum"
        period = 60
      }
    }
  }
}

locals {
  # Totals since the start of the instance.
  allowance_metrics = {
    bw        = "ethtool_bw_in_allowance_exceeded"
    pps       = "ethtool_pps_allowance_exceeded"
    conntrack = "ethtool_conntrack_allowance_exceeded"
  }
}

################################################################################
# Dashboard
################################################################################

locals {
  # One row a step of the way: what AWS mirrored, what arrived, what was rebuilt, what was delivered.
  dashboard_rows = concat(
    [
      {
        "Mirrored by the sources, and skipped for want of bandwidth (bytes)" = [for metric in ["NetworkMirrorIn", "NetworkMirrorOut", "NetworkSkipMirrorIn", "NetworkSkipMirrorOut"] :
          [{ expression = "SELECT SUM(${metric}) FROM SCHEMA(\"AWS/EC2\", InstanceId)", label = metric, id = lower(metric), region = local.region }]
        ]
        "Rebuilders healthy, unhealthy" = [
          for metric in ["HealthyHostCount", "UnHealthyHostCount"] : concat(["AWS/NetworkELB", metric], flatten([for name, value in local.nlb_dimensions : [name, value]]), [{ stat = "Maximum" }])
        ]
      },
      {
        for what in concat(["packets"], local.http_enabled ? ["requests"] : [], local.ext_proc_enabled ? ["exchanges"] : []) : "${title(what)} in, out and lost" => [
          for role in ["in", "out", "lost"] : [local.metrics_namespace, "rebuilder_${what}_${role}_total", "deployment", var.name_prefix, { stat = "Sum" }]
        ]
      },
      {
        "Waiting for delivery" = [
          [local.metrics_namespace, "rebuilder_queue_bytes", "deployment", var.name_prefix, { stat = "Maximum" }],
          [local.metrics_namespace, "rebuilder_requests_in_flight", "deployment", var.name_prefix, { stat = "Maximum", yAxis = "right" }],
        ]
        "Dropped before the kernel by AWS's allowances (total)" = [
          for metric in values(local.allowance_metrics) : [local.metrics_namespace, metric, "deployment", var.name_prefix, { stat = "Sum" }]
        ]
      },
      {
        "CPU of the rebuilders (percent)" = [
          for stat in ["Average", "Maximum"] : ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.rebuilder.name, { stat = stat, label = stat }]
        ]
      },
    ],
    local.alb_enabled ? [{
      "Requests at the ALB, and those that AWS calls not compliant" = [
        for metric in ["RequestCount", "DesyncMitigationMode_NonCompliant_Request_Count", "HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count"] :
        ["AWS/ApplicationELB", metric, "LoadBalancer", local.alb_dimensions.LoadBalancer, { stat = "Sum" }]
      ]
    }] : [],
  )

  dashboard = {
    widgets = concat(
      flatten([for y, row in local.dashboard_rows : [
        for x, title in keys(row) : {
          type       = "metric", x = x * 12, y = y * 6, width = 12, height = 6
          properties = { title = title, region = local.region, period = 60, view = "timeSeries", metrics = row[title] }
        }
      ]]),
      [{
        type = "log", x = 0, y = length(local.dashboard_rows) * 6, width = 24, height = 6
        properties = {
          title  = "Losses by reason"
          region = local.region
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.metrics.name}' | filter rebuilder_requests_lost_total > 0 or rebuilder_exchanges_lost_total > 0 or rebuilder_packets_lost_total > 0 or rebuilder_bytes_lost_total > 0 | stats sum(rebuilder_requests_lost_total) as requests, sum(rebuilder_exchanges_lost_total) as exchanges, sum(rebuilder_packets_lost_total) as packets, sum(rebuilder_bytes_lost_total) as bytes by name | sort requests desc"
        }
      }],
    )
  }
}

resource "aws_cloudwatch_dashboard" "rebuilder" {
  count = var.dashboard_enabled ? 1 : 0

  # Dashboards are the account's, not the region's: a second region would write over the first one's.
  dashboard_name = "${var.name_prefix}-${local.region}"
  dashboard_body = jsonencode(local.dashboard)
}
