# Load balancers.
#
# A Classic Load Balancer's own interfaces can be tried as sources. An Application Load Balancer's mostly carry TLS, and a Network
# Load Balancer's are of a type that AWS does not mirror: the interfaces of their targets are picked instead, unless `mirror`
# says otherwise (AWS's own elastic-load-balancing-tools makes sessions on an Application Load Balancer's). The provider
# has no data source for the registered targets, nor for a load balancer's target groups, so they are found by the Auto Scaling
# groups that register them: group -> target groups -> load balancers. Targets registered one by one (EKS with target type `ip`,
# ECS, your own attachments) are named by the caller.
#
# A group may name a target group that was deleted, and reading that would fail the plan for everybody. AWS's tagging API lists
# those that exist, if they have or had a tag; what it does not list is left alone, and named in `unchecked_target_groups`.

data "aws_elb" "by_elb" {
  for_each = { for key, lb in var.by_elb : key => lb if lb.type == "classic" }

  name = each.value.name
}

data "aws_network_interfaces" "by_elb_classic" {
  for_each = data.aws_elb.by_elb

  filter {
    name   = "description"
    values = ["ELB ${each.value.name}"]
  }

  filter {
    name   = "subnet-id"
    values = each.value.subnets
  }
}

data "aws_lb" "by_elb" {
  for_each = { for key, lb in var.by_elb : key => lb if lb.type != "classic" }

  name = each.value.name

  lifecycle {
    postcondition {
      condition     = self.load_balancer_type == each.value.type
      error_message = "by_elb[\"${each.key}\"]: ${each.value.name} is of type ${self.load_balancer_type}, not ${each.value.type}."
    }
  }
}

data "aws_autoscaling_groups" "by_elb" {
  count = length(data.aws_lb.by_elb) > 0 ? 1 : 0
}

data "aws_autoscaling_group" "by_elb" {
  for_each = toset(flatten(data.aws_autoscaling_groups.by_elb[*].names))

  name = each.value
}

data "aws_resourcegroupstaggingapi_resources" "by_elb" {
  count = length(data.aws_lb.by_elb) > 0 ? 1 : 0

  resource_type_filters = ["elasticloadbalancing:targetgroup"]
}

data "aws_lb_target_group" "by_elb" {
  for_each = setintersection(flatten(values(local.by_elb_target_group_arns)), local.by_elb_known_target_group_arns)

  arn = each.value
}

data "aws_lb_target_group" "by_elb_named" {
  for_each = merge([
    for key, lb in var.by_elb : { for name in lb.target_group_names : "${key}/${name}" => { key = key, name = name } }
  ]...)

  name = each.value.name

  lifecycle {
    postcondition {
      condition     = contains(self.load_balancer_arns, data.aws_lb.by_elb[each.value.key].arn)
      error_message = "by_elb[\"${each.value.key}\"]: the target group ${each.value.name} is not behind ${var.by_elb[each.value.key].name}."
    }
  }
}

data "aws_instances" "by_elb" {
  for_each = toset(flatten(values(local.by_elb_asg_names)))

  instance_state_names = local.instance_states

  filter {
    name   = "tag:aws:autoscaling:groupName"
    values = [each.value]
  }
}

# The description of a load balancer's interface ends as its ARN does: "ELB app/shop/0123456789abcdef".
data "aws_network_interfaces" "by_elb_own" {
  for_each = { for key, lb in data.aws_lb.by_elb : key => lb if var.by_elb[key].mirror != "targets" }

  filter {
    name   = "description"
    values = ["ELB ${each.value.arn_suffix}"]
  }

  filter {
    name   = "vpc-id"
    values = [each.value.vpc_id]
  }
}

data "aws_network_interfaces" "by_elb_target_ips" {
  for_each = { for key, lb in var.by_elb : key => lb if length(lb.target_ips) > 0 && lb.mirror != "interfaces" }

  filter {
    name   = "vpc-id"
    values = [data.aws_lb.by_elb[each.key].vpc_id]
  }

  filter {
    name   = "addresses.private-ip-address"
    values = each.value.target_ips
  }
}

locals {
  # Groups register their instances in target groups by the older list or as traffic sources.
  by_elb_target_group_arns = {
    for name, group in data.aws_autoscaling_group.by_elb : name => distinct(concat(
      tolist(group.target_group_arns),
      [for source in group.traffic_source : source.identifier if source.type == "elbv2"],
    ))
  }
  by_elb_known_target_group_arns = flatten(data.aws_resourcegroupstaggingapi_resources.by_elb[*].resource_tag_mapping_list[*].resource_arn)
  by_elb_named_target_group_arns = {
    for key, lb in var.by_elb : key => [for name in lb.target_group_names : data.aws_lb_target_group.by_elb_named["${key}/${name}"].arn]
  }
  by_elb_asg_names = {
    for key, lb in data.aws_lb.by_elb : key => [
      for name, arns in local.by_elb_target_group_arns : name
      if anytrue([for arn in arns :
        contains(local.by_elb_named_target_group_arns[key], arn) || contains(try(data.aws_lb_target_group.by_elb[arn].load_balancer_arns, []), lb.arn)
      ])
    ]
  }
  by_elb_unchecked = flatten([
    for name, arns in local.by_elb_target_group_arns : [
      for arn in arns : "${arn} of the Auto Scaling group ${name}"
      if !contains(concat(local.by_elb_known_target_group_arns, flatten(values(local.by_elb_named_target_group_arns))), arn)
    ]
  ])
  by_elb_instance_ids = {
    for key, names in local.by_elb_asg_names : "by_elb ${key}" => distinct(concat(
      flatten([for name in names : data.aws_instances.by_elb[name].ids]),
      tolist(var.by_elb[key].target_instance_ids),
    )) if var.by_elb[key].mirror != "interfaces"
  }
  by_elb_network_interface_ids = {
    for key, lb in var.by_elb : "by_elb ${key}" => concat(
      try(data.aws_network_interfaces.by_elb_classic[key].ids, []),
      try(data.aws_network_interfaces.by_elb_own[key].ids, []),
      try(data.aws_network_interfaces.by_elb_target_ips[key].ids, []),
    )
  }
  by_elb_own_network_interface_ids = toset(flatten([
    for found in concat(values(data.aws_network_interfaces.by_elb_classic), values(data.aws_network_interfaces.by_elb_own)) : found.ids
  ]))
}
