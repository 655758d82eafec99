# Stands in for the registry module wallarm/wallarm/aws 1.1 in tests: its inputs and outputs, and of its resources those that count here
# (launch template, security group). What it makes on an instance is the vendor's; here the snippets are kept readable.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.30.0, < 6.0.0"
    }
  }
}

resource "aws_security_group" "instances" {
  name   = "${var.app_name}-instances"
  vpc_id = var.vpc_id
  tags   = var.tags

  dynamic "ingress" {
    for_each = toset([22, 8445, 9445])

    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = var.inbound_allowed_ip_ranges
    }
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = var.outbound_allowed_ip_ranges
  }
}

resource "aws_launch_template" "node" {
  name          = var.app_name
  image_id      = var.ami_id != "" ? var.ami_id : "ami-0123456789abcdef0"
  instance_type = var.instance_type

  network_interfaces {
    delete_on_termination = true
    security_groups       = [aws_security_group.instances.id]
  }

  user_data = base64encode(join("\n", [
    "cloud-init.py -t ${var.token} -H ${var.host} -p ${var.preset} -m ${var.mode}",
    "--- http", var.http_snippet, "--- server", var.server_snippet, "--- post", var.post_script,
  ]))
}

output "asg" {
  value = { name = "", id = "", arn = "" }
}

output "lb" {
  value = { name = "", arn = "", dns = "", zone = "" }
}

output "tg" {
  value = { name = "", id = "", arn = "" }
}

output "template" {
  value = { name = aws_launch_template.node.name, id = aws_launch_template.node.id, version = aws_launch_template.node.latest_version }
}

output "role" {
  value = { name = "", arn = "" }
}

output "other" {
  value = { ami_id = aws_launch_template.node.image_id, mirror_endpoint = "" }
}
