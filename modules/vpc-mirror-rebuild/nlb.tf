# UDP/4789 in, for mirrored packets; TCP/8445 through, for requests that an ALB would refuse or change.

resource "aws_lb" "nlb" {
  # checkov:skip=CKV_AWS_150: deletion_protection is an input; off by default, so that destroy leaves nothing.
  # checkov:skip=CKV_AWS_91: an NLB logs only TLS listeners; it has none.
  name_prefix        = local.short_prefix
  load_balancer_type = "network"
  internal           = true
  subnets            = var.subnet_ids
  security_groups    = [aws_security_group.nlb.id]

  # A mirror session sends to the zone of its interface; without cross-zone, a zone without a healthy rebuilder loses its packets.
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection

  tags = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_target_group" "vxlan" {
  name_prefix = local.short_prefix
  vpc_id      = var.vpc_id
  target_type = "instance"
  port        = 4789
  protocol    = "UDP"

  # Flows of an instance that goes move to another one after this long, not after 120 s of silence.
  deregistration_delay   = 20
  connection_termination = true

  stickiness {
    type    = "source_ip"
    enabled = var.responses_mirrored
  }

  # UDP cannot be probed: the service answers whether it can receive.
  health_check {
    protocol            = "HTTP"
    port                = "9445"
    path                = "/-/healthcheck"
    matcher             = "200"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = local.tags

  lifecycle {
    create_before_destroy = true

    # A target group serves one load balancer: a new NLB needs a new one.
    replace_triggered_by = [aws_lb.nlb.arn]
  }
}

resource "aws_lb_listener" "vxlan" {
  load_balancer_arn = aws_lb.nlb.arn
  port              = 4789
  protocol          = "UDP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.vxlan.arn
  }

  tags = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

# Not create_before_destroy: the nodes' target group can be behind one load balancer at a time.
resource "aws_lb_listener" "raw" {
  count = local.raw_path_enabled ? 1 : 0

  load_balancer_arn = aws_lb.nlb.arn
  port              = 8445
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = var.raw_target_group_arn
  }

  tags = local.tags
}
