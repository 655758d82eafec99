# Auto Scaling groups: the instances carry their group's name in a tag that AWS sets. A group that scales changes only
# sessions, at the next apply.

data "aws_instances" "by_asg" {
  for_each = var.by_asg

  instance_state_names = local.instance_states

  filter {
    name   = "tag:aws:autoscaling:groupName"
    values = [each.value]
  }
}

locals {
  by_asg_instance_ids = { for name, found in data.aws_instances.by_asg : "by_asg ${name}" => found.ids }
}
