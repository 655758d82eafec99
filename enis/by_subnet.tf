# Subnets: whatever lives in them is found, and what is no instance's (NAT gateways, endpoints, Lambda, load balancers) is
# listed in `refused`.

data "aws_network_interfaces" "by_subnet" {
  for_each = var.by_subnet

  filter {
    name   = "subnet-id"
    values = [each.value]
  }
}

locals {
  by_subnet_network_interface_ids = { for id, found in data.aws_network_interfaces.by_subnet : "by_subnet ${id}" => found.ids }
}
