# EKS managed node groups: node group -> Auto Scaling groups -> instances. With `nodes = "all"` also what Karpenter, Auto Mode
# or you yourself started: self-managed and Karpenter's nodes carry kubernetes.io/cluster/NAME, Karpenter's and Auto Mode's
# eks:eks-cluster-name.
#
# Every interface of a node is picked, so a pod is seen wherever the VPC CNI has put its address: with an ALB ingress both
# target types work, `ip` and `instance`. With `instance` the traffic comes to a node port of the primary interface, which
# lives as long as the node; the CNI makes and removes the others between two applies, so with `ip` reconcile or apply again.
# Branch interfaces (security groups for pods) and Fargate pods are on no instance of yours: see by_id_without_instance.

data "aws_eks_node_groups" "by_eks" {
  for_each = { for key, cluster in var.by_eks : key => cluster if length(cluster.node_group_names) == 0 }

  cluster_name = each.value.cluster_name
}

data "aws_eks_node_group" "by_eks" {
  for_each = merge([
    for key, cluster in var.by_eks : {
      for name in try(data.aws_eks_node_groups.by_eks[key].names, cluster.node_group_names) :
      "${key}/${name}" => { cluster_name = cluster.cluster_name, node_group_name = name }
    }
  ]...)

  cluster_name    = each.value.cluster_name
  node_group_name = each.value.node_group_name
}

data "aws_instances" "by_eks" {
  for_each = toset(flatten(values(local.by_eks_asg_names)))

  instance_state_names = local.instance_states

  filter {
    # Without the prefix `tag:` AWS refuses the filter, or a provider sends one that matches nothing.
    name   = "tag:aws:autoscaling:groupName"
    values = [each.value]
  }
}

data "aws_instances" "by_eks_cluster_tag" {
  for_each = { for key, cluster in var.by_eks : key => cluster.cluster_name if cluster.nodes == "all" }

  instance_state_names = local.instance_states

  filter {
    name   = "tag:kubernetes.io/cluster/${each.value}"
    values = ["owned", "shared"]
  }
}

data "aws_instances" "by_eks_name_tag" {
  for_each = { for key, cluster in var.by_eks : key => cluster.cluster_name if cluster.nodes == "all" }

  instance_state_names = local.instance_states

  filter {
    name   = "tag:eks:eks-cluster-name"
    values = [each.value]
  }
}

locals {
  by_eks_asg_names = {
    for key, cluster in var.by_eks : key => distinct(flatten([
      for node_group, found in data.aws_eks_node_group.by_eks : found.resources[*].autoscaling_groups[*].name
      if startswith(node_group, "${key}/")
    ]))
  }
  by_eks_instance_ids = {
    for key, names in local.by_eks_asg_names : "by_eks ${key}" => distinct(concat(
      flatten([for name in names : data.aws_instances.by_eks[name].ids]),
      try(data.aws_instances.by_eks_cluster_tag[key].ids, []),
      try(data.aws_instances.by_eks_name_tag[key].ids, []),
    ))
  }
}
