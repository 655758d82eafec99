# TCP/8445 in front of the detection nodes, for requests that an ALB passes on unchanged.

resource "aws_lb" "alb" {
  # checkov:skip=CKV2_AWS_20: no HTTPS to redirect to: see the listener.
  # checkov:skip=CKV_AWS_131: dropping invalid header fields would drop attacks before a node has seen them.
  # checkov:skip=CKV_AWS_150: deletion_protection is an input; off by default, so that destroy leaves nothing.
  # checkov:skip=CKV_AWS_91: access logs are an input; off by default, because they hold the URLs of production traffic.
  # checkov:skip=CKV_AWS_328: the desync mode is "monitor" on purpose: "defensive" answers 400 to smuggling attempts that the nodes must see.
  count = local.alb_enabled ? 1 : 0

  name_prefix        = local.short_prefix
  load_balancer_type = "application"
  internal           = true
  subnets            = var.subnet_ids
  security_groups    = aws_security_group.alb[*].id

  # The request is to arrive as the client sent it.
  desync_mitigation_mode     = "monitor"
  preserve_host_header       = true
  xff_header_processing_mode = "preserve"
  drop_invalid_header_fields = false

  idle_timeout               = var.alb_idle_timeout
  client_keep_alive          = 3600
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = var.alb_access_logs[*]

    content {
      enabled = true
      bucket  = access_logs.value.bucket
      prefix  = access_logs.value.prefix
    }
  }

  tags = local.tags
}

resource "aws_lb_listener" "alb" {
  # checkov:skip=CKV_AWS_2: plain HTTP inside the VPC, as the mirrored traffic was; Wallarm nodes listen for HTTP on 8445.
  # checkov:skip=CKV_AWS_103: no TLS on a plain HTTP listener: see CKV_AWS_2.
  count = local.alb_enabled ? 1 : 0

  load_balancer_arn = aws_lb.alb[0].arn
  port              = 8445
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = var.detection_target_group_arn
  }

  tags = local.tags
}
