# The reconciler: a Lambda function that brings the sessions in line with the fleet whenever an instance or a group changes,
# and every few minutes. Terraform's own sessions stay Terraform's: the function's have a session number of their own and a
# tag, vpc-mirror:owner, without which it may neither change nor remove a session; where Terraform makes a session on the
# same interface, the function's goes.

locals {
  reconcile_count = var.reconcile == null ? 0 : 1
  reconcile_name  = "${var.name_prefix}-reconciler"

  # What the function and the command vpc-mirror read.
  description = {
    interfaces = try(var.reconcile.interfaces, {})
    sessions = {
      owner                    = var.name_prefix
      traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
      traffic_mirror_target_id = local.target_id
      session_number           = coalesce(try(var.reconcile.session_number, null), min(var.session_number + 1, 32766))
      virtual_network_id       = var.virtual_network_id
      packet_length            = local.packet_length
      stopped_instances        = try(var.reconcile.stopped_instances, "release")
      # The provider's default_tags reach what Terraform makes, and no session of the function's. Keys of AWS's cannot be given.
      tags = merge({ for key, value in data.aws_default_tags.current.tags : key => value if !startswith(lower(key), "aws:") }, var.tags)
    }
  }

  # Bytes, two at most too many. With ids as long as AWS's own in place of those that do not exist yet, so that a plan knows.
  description_bytes = length(base64encode(jsonencode(merge(local.description, { sessions = merge(local.description.sessions, {
    traffic_mirror_filter_id = "tmf-0123456789abcdef0"
    traffic_mirror_target_id = "tmt-0123456789abcdef0"
  }) })))) / 4 * 3

  reconcile_events = {
    instances = {
      description = "An instance runs, stops or ends"
      pattern     = { source = ["aws.ec2"], "detail-type" = ["EC2 Instance State-change Notification"], detail = { state = ["running", "stopped", "terminated"] } }
    }
    groups = {
      description = "An Auto Scaling group has launched or ended an instance"
      pattern     = { source = ["aws.autoscaling"], "detail-type" = ["EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"] }
    }
    # Only with a trail that records management events; without one the schedule finds it.
    interfaces = {
      description = "An interface was attached to or taken from an instance"
      pattern     = { source = ["aws.ec2"], "detail-type" = ["AWS API Call via CloudTrail"], detail = { eventSource = ["ec2.amazonaws.com"], eventName = ["AttachNetworkInterface", "DetachNetworkInterface"] } }
    }
  }
}

# Without `reconcile`, too: the command vpc-mirror reads the description.
data "aws_default_tags" "current" {}

################################################################################
# Function
################################################################################

resource "aws_cloudwatch_log_group" "reconcile" {
  # checkov:skip=CKV_AWS_338: how long is an input; a line says what was done, with ids and counts.
  # checkov:skip=CKV_AWS_158: ids and counts, encrypted with the service's own key.
  count = local.reconcile_count

  name              = "/aws/lambda/${local.reconcile_name}"
  retention_in_days = var.reconcile.log_retention_in_days
  tags              = var.tags
}

# Events that could not be worked off, three tries each.
resource "aws_sqs_queue" "reconcile" {
  count = local.reconcile_count

  name                      = local.reconcile_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  tags                      = var.tags
}

resource "aws_lambda_function" "reconcile" {
  # checkov:skip=CKV_AWS_117: it calls public AWS APIs only; a VPC would want a NAT gateway and give it nothing.
  # checkov:skip=CKV_AWS_272: the bundle is built from this repository, and its hash is in the plan.
  # checkov:skip=CKV_AWS_173: the environment holds ids and names, no secret.
  # checkov:skip=CKV_AWS_50: one short function, whose log says what it did.
  count = local.reconcile_count

  function_name    = local.reconcile_name
  description      = "Brings mirror sessions in line with the fleet"
  role             = aws_iam_role.reconcile[0].arn
  filename         = var.reconcile.artifact_file
  source_code_hash = filebase64sha256(var.reconcile.artifact_file)
  handler          = "index.handler"
  runtime          = var.reconcile.runtime
  architectures    = ["arm64"]
  memory_size      = 512
  # The most that Lambda gives: EC2 throttles what writes, and a first run may have a thousand sessions to make.
  timeout = 900
  tags    = var.tags

  # One at a time: two would only collide and plan again.
  reserved_concurrent_executions = 1

  environment {
    variables = { DESCRIPTION = jsonencode(local.description) }
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.reconcile[0].arn
  }

  lifecycle {
    precondition {
      condition     = local.description_bytes <= 3500
      error_message = "reconcile.interfaces is too long: a Lambda function has room for 4096 bytes of environment. Select by tags, groups or subnets instead of ids."
    }
  }

  depends_on = [aws_iam_role_policy.reconcile, aws_cloudwatch_log_group.reconcile]
}

# Runs it with every apply that changes something. On destroy it removes the function's sessions, before the target that
# they would hold; the events that could make new ones are gone by then.
resource "aws_lambda_invocation" "reconcile" {
  count = local.reconcile_count

  function_name   = aws_lambda_function.reconcile[0].function_name
  lifecycle_scope = "CRUD"
  input = jsonencode({
    description = sha256(jsonencode(local.description))
    code        = aws_lambda_function.reconcile[0].source_code_hash
    # The provider hands on the input of before: sessions through a filter that is replaced are still ours.
    traffic_mirror_filter_id = aws_ec2_traffic_mirror_filter.this.id
  })

  # After Terraform's own sessions, so that it makes none beside them.
  depends_on = [aws_ec2_traffic_mirror_filter_rule.this, aws_ec2_traffic_mirror_session.this]
}

################################################################################
# Events
################################################################################

resource "aws_cloudwatch_event_rule" "reconcile" {
  for_each = { for key, event in local.reconcile_events : key => event if var.reconcile != null }

  name          = "${local.reconcile_name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags

  depends_on = [aws_lambda_invocation.reconcile]
}

resource "aws_cloudwatch_event_rule" "reconcile_schedule" {
  count = local.reconcile_count

  name                = "${local.reconcile_name}-schedule"
  description         = "Finds what no event told"
  schedule_expression = "rate(${var.reconcile.every_minutes} minutes)"
  tags                = var.tags

  depends_on = [aws_lambda_invocation.reconcile]
}

locals {
  reconcile_rules = merge(aws_cloudwatch_event_rule.reconcile, { for rule in aws_cloudwatch_event_rule.reconcile_schedule : "schedule" => rule })
}

resource "aws_cloudwatch_event_target" "reconcile" {
  for_each = local.reconcile_rules

  rule = each.value.name
  arn  = aws_lambda_function.reconcile[0].arn
}

resource "aws_lambda_permission" "reconcile" {
  for_each = local.reconcile_rules

  statement_id  = "events-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reconcile[0].function_name
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

################################################################################
# Alarms
################################################################################

locals {
  reconcile_dimensions = { FunctionName = local.reconcile_name }
}

resource "aws_cloudwatch_metric_alarm" "reconcile_failed" {
  count = local.reconcile_count

  alarm_name          = "${local.reconcile_name}-failed"
  alarm_description   = "The reconciler could not bring the sessions in line: log group /aws/lambda/${local.reconcile_name}."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = local.reconcile_dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.reconcile.alarm_actions
  ok_actions          = var.reconcile.alarm_actions
  tags                = var.tags
}

# The age of the last success: no run without an error in three rounds of the schedule, or no run at all.
resource "aws_cloudwatch_metric_alarm" "reconcile_stale" {
  count = local.reconcile_count

  alarm_name          = "${local.reconcile_name}-stale"
  alarm_description   = "The reconciler has not succeeded for ${3 * var.reconcile.every_minutes} minutes: new instances may be unseen."
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.reconcile.alarm_actions
  ok_actions          = var.reconcile.alarm_actions
  tags                = var.tags

  metric_query {
    id          = "succeeded"
    expression  = "invocations - errors"
    label       = "Successful runs"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { invocations = "Invocations", errors = "Errors" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = local.reconcile_dimensions
        stat        = "Sum"
        period      = 60 * var.reconcile.every_minutes
      }
    }
  }
}
