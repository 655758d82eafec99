# Which interfaces are mirrored. Keep the profiles you need; several may be combined, and no interface is mirrored twice.

module "enis" {
  source = "../../enis"

  vpc_id = var.vpc_id

  # Every instance of these Auto Scaling groups:
  by_asg = var.asg_names

  # The instances behind a load balancer (its own interfaces carry TLS, or cannot be mirrored):
  # by_elb = { shop = { name = "shop", type = "application" } }

  # The nodes of an EKS cluster. With the AWS VPC CNI and an ALB ingress, annotate the ingress with
  # alb.ingress.kubernetes.io/target-type: instance
  # by_eks = { shop = { cluster_name = "shop", node_group_names = ["web"] } }

  # Instances, subnets or tags:
  # by_instance = ["i-0123456789abcdef0"]
  # by_subnet   = ["subnet-0123456789abcdef0"]
  # by_tags     = { web = { tags = { app = "shop", tier = "web" } } }

  # Interfaces by id, also of an instance that is made in the same apply:
  # by_id = { web = aws_instance.web.primary_network_interface_id }

  # Never these:
  # excluded_instance_ids = ["i-0fedcba9876543210"]
}
