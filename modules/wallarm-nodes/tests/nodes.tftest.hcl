# What the nodes are told and what reaches them, without an account: terraform init && terraform test

mock_provider "aws" {
  override_data {
    target = data.aws_subnet.this[0]
    values = { cidr_block = "10.0.0.0/24" }
  }
  override_data {
    target = data.aws_subnet.this[1]
    values = { cidr_block = "10.0.1.0/24" }
  }
  mock_data "aws_ami" {
    defaults = { id = "ami-0123456789abcdef0", root_device_name = "/dev/sda1" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-0a" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_default_tags" {
    defaults = { tags = { team = "security" } }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
}

variables {
  vpc_id                    = "vpc-0123456789abcdef0"
  subnet_ids                = ["subnet-0a", "subnet-0b"]
  source_security_group_ids = { alb = "sg-0a", nlb = "sg-0b", rebuilder = "sg-0c" }
  token_secret_arn          = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:wallarm/api-token-AbCdEf"
}

run "an_nginx_node" {
  command = plan

  assert {
    condition     = strcontains(local.node_conf, "set_real_ip_from  10.0.0.0/24;\n    set_real_ip_from  10.0.1.0/24;\n") && !strcontains(local.node_conf, "10.0.0.0/8")
    error_message = "the nodes believe X-Forwarded-For of the load balancer and the rebuilders only"
  }
  assert {
    condition     = strcontains(nonsensitive(local.user_data), "aws secretsmanager get-secret-value --region 'eu-west-2' --secret-id 'arn:aws:secretsmanager:eu-west-2:111122223333:secret:wallarm/api-token-AbCdEf'")
    error_message = "the token is read on the instance, in the region of its secret"
  }
  assert {
    condition     = data.aws_ami.this[0].owners[0] == "679593333241" && one([for filter in data.aws_ami.this[0].filter : filter.values if filter.name == "name"]) == toset(["wallarm-node-7-*"])
    error_message = "the newest image 7.x of AWS Marketplace"
  }
  assert {
    condition     = keys(aws_lb_target_group.node) == ["http", "raw"] && aws_lb_target_group.node["http"].protocol == "HTTP" && aws_lb_target_group.node["raw"].protocol == "TCP"
    error_message = "one target group for each way in"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.node : group.port == 8445 && group.health_check[0].port == "8448" && group.health_check[0].path == "/-/healthcheck"])
    error_message = "copies on 8445, health on a port that node 7 leaves free"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.node : "${rule.referenced_security_group_id} ${rule.from_port}"]) == toset(["sg-0a 8445", "sg-0a 8448", "sg-0b 8445", "sg-0b 8448", "sg-0c 8445", "sg-0c 8448"])
    error_message = "nobody but the load balancers and the rebuilders gets in"
  }
  assert {
    condition     = aws_launch_template.node.metadata_options[0].http_tokens == "required" && aws_launch_template.node.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.node.key_name == null
    error_message = "IMDSv2, an encrypted disk, no SSH key"
  }
  assert {
    condition     = alltrue([for specification in aws_launch_template.node.tag_specifications : specification.tags["team"] == "security" && specification.tags["vpc-mirror:role"] == "detection-node"])
    error_message = "the provider's default tags reach instances, volumes and interfaces"
  }
  assert {
    condition     = anytrue([for tag in aws_autoscaling_group.nodes.tag : tag.key == "team" && tag.value == "security" && tag.propagate_at_launch])
    error_message = "and the Auto Scaling group"
  }
  assert {
    condition     = aws_iam_role.node.name_prefix == "vpc-mirror-node-" && aws_iam_instance_profile.node.name_prefix == "vpc-mirror-node-" && aws_security_group.node.name_prefix == "vpc-mirror-node-"
    error_message = "no fixed name: IAM is global, and a second region has the same prefix"
  }
  assert {
    condition     = length(aws_kms_grant.autoscaling) == 0 && aws_autoscaling_group.nodes.max_instance_lifetime == null
    error_message = "nothing that was not asked for"
  }
}

run "health_by_version" {
  command = plan

  variables {
    node_version = "6.12"
  }

  assert {
    condition     = strcontains(local.node_conf, "proxy_pass http://127.0.0.1:9001/metrics;") && one([for filter in data.aws_ami.this[0].filter : filter.values if filter.name == "name"]) == toset(["wallarm-node-6-12-*"])
    error_message = "node 6 is asked for the metrics of its postanalytics"
  }
}

run "an_image_of_ones_own_in_an_account_with_rules" {
  command = plan

  variables {
    ami_id                       = "ami-0fedcba9876543210"
    iam_path                     = "/security/"
    iam_permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    kms_key_arns                 = ["arn:aws:kms:eu-west-2:111122223333:key/12345678-1234-1234-1234-123456789012"]
    root_volume                  = { kms_key_id = "arn:aws:kms:eu-west-2:111122223333:key/12345678-1234-1234-1234-123456789012" }
  }

  assert {
    condition     = one([for filter in data.aws_ami.this[0].filter : filter.values if filter.name == "image-id"]) == toset(["ami-0fedcba9876543210"])
    error_message = "its root device is looked up"
  }
  assert {
    condition     = aws_iam_role.node.path == "/security/" && aws_iam_instance_profile.node.path == "/security/" && aws_iam_role.node.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "the role keeps to the account's rules"
  }
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.node[0].statement : statement.condition if statement.sid == "DecryptThem"]) == toset([{ test = "StringEquals", variable = "kms:ViaService", values = tolist(["secretsmanager.eu-west-2.amazonaws.com", "ssm.eu-west-2.amazonaws.com"]) }])
    error_message = "a key decrypts secrets, and nothing else"
  }
  assert {
    condition     = aws_kms_grant.autoscaling[0].grantee_principal == "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    error_message = "Auto Scaling may use the key of the disk"
  }
}

run "a_token_in_the_state" {
  command = plan

  variables {
    token_secret_arn = null
    token            = "abc/DEF+123="
  }

  assert {
    condition     = strcontains(nonsensitive(local.user_data), "token='abc/DEF+123='") && !strcontains(nonsensitive(local.user_data), "command -v aws")
    error_message = "a plain token needs no AWS command"
  }
  assert {
    condition     = length(aws_iam_role_policy.node) == 0
    error_message = "and no right"
  }
}

run "a_token_in_a_parameter" {
  command = plan

  variables {
    token_secret_arn = "arn:aws:ssm:eu-west-2:111122223333:parameter/wallarm/token"
  }

  assert {
    condition     = strcontains(nonsensitive(local.user_data), "aws ssm get-parameter --region 'eu-west-2' --with-decryption --name 'arn:aws:ssm:eu-west-2:111122223333:parameter/wallarm/token'")
    error_message = "a parameter does as well"
  }
  assert {
    condition     = one(data.aws_iam_policy_document.node[0].statement).actions == toset(["ssm:GetParameter"])
    error_message = "with the right to read it"
  }
}

run "a_native_node" {
  command = plan

  variables {
    kind                      = "native"
    source_security_group_ids = { nlb = "sg-0b" }
    certificate               = { acm_certificate_arn = "arn:aws:acm:eu-west-2:111122223333:certificate/12345678-1234-1234-1234-123456789012" }
    installer                 = { url = "https://meganode.wallarm.com/native/aio-native-0.25.5.aarch64.sh", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
    architecture              = "arm64"
    instance_type             = "t4g.medium"
    config                    = { proxy_headers = [] }
  }

  assert {
    condition     = keys(aws_lb_target_group.node) == ["ext_proc"] && aws_lb_target_group.node["ext_proc"].protocol == "TCP" && aws_lb_target_group.node["ext_proc"].port == 5080 && aws_lb_target_group.node["ext_proc"].health_check[0].path == "/ready" && toset(output.ports) == toset([5080, 8080])
    error_message = "exchanges on 5080, the node's own readiness on 8080"
  }
  assert {
    condition     = data.aws_ssm_parameter.amazon_linux[0].name == "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64" && local.newest_image.root_device_name == "/dev/xvda"
    error_message = "Amazon Linux 2023 under the installer"
  }
  assert {
    condition     = toset([for statement in data.aws_iam_policy_document.node[0].statement : join(",", statement.actions)]) == toset(["secretsmanager:GetSecretValue", "acm:ExportCertificate"])
    error_message = "it may read its token and export its certificate"
  }
  assert {
    condition     = local.native_config.mode == "envoy-external-filter" && local.native_config.envoy_external_filter.address == ":5080" && local.native_config.proxy_headers == [] && local.native_config.route_config.wallarm_mode == "monitoring"
    error_message = "the vendor's configuration, and what was added"
  }
  assert {
    condition     = aws_autoscaling_group.nodes.max_instance_lifetime == 2592000
    error_message = "a renewed certificate arrives within 30 days"
  }
}
