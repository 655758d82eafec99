# What the nodes are told, without an account: terraform init && terraform test

mock_provider "aws" {
  override_data {
    target = data.aws_subnet.this[0]
    values = { cidr_block = "10.0.0.0/24" }
  }
  override_data {
    target = data.aws_subnet.this[1]
    values = { cidr_block = "10.0.1.0/24" }
  }
}

variables {
  vpc_id     = "vpc-0123456789abcdef0"
  subnet_ids = ["subnet-0a", "subnet-0b"]
  token      = "abc/DEF+123="
}

run "preset_mirror" {
  command = plan

  assert {
    condition     = nonsensitive(local.server_snippet) == "set_real_ip_from 10.0.0.0/24;\nset_real_ip_from 10.0.1.0/24;\nreal_ip_header X-Forwarded-For;\nreal_ip_recursive off;\n"
    error_message = "the nodes believe X-Forwarded-For of the load balancer and the rebuilders only"
  }
  assert {
    condition     = local.http_snippet == "" && !strcontains(local.post_script, "register-node") && !strcontains(local.post_script, "APID")
    error_message = "the image brings the rest"
  }
  assert {
    condition     = aws_lb_target_group.http.protocol == "HTTP" && aws_lb_target_group.raw.protocol == "TCP" && aws_lb_target_group.http.port == 8445 && aws_lb_target_group.raw.port == 8445
    error_message = "one target group for each way in"
  }
}

run "preset_custom" {
  command = plan

  variables {
    preset = "custom"
  }

  assert {
    condition     = strcontains(local.http_snippet, "listen 8445;") && strcontains(local.http_snippet, "wallarm_force server_addr $http_x_server_addr;") && strcontains(local.http_snippet, "set_real_ip_from 10.0.1.0/24;")
    error_message = "the configuration of examples/wallarm-node, with the networks of this deployment"
  }
  assert {
    condition     = !strcontains(local.http_snippet, "10.0.0.0/8") && length(regexall("real_ip_header", local.http_snippet)) == 1
    error_message = "and none of the example's"
  }
  assert {
    # The vendor's script puts it through a shell's here-document.
    condition     = !strcontains(local.http_snippet, "`") && !strcontains(local.http_snippet, "include ")
    error_message = "nothing that a shell would run, and no file that is not there"
  }
}

run "labels_and_api_discovery" {
  command = plan

  variables {
    labels             = { group = "shop" }
    api_discovery_only = true
    host               = "us1.api.wallarm.com"
  }

  assert {
    condition     = strcontains(local.post_script, "register-node\" --force -t 'abc/DEF+123=' --labels 'group=shop' -H 'us1.api.wallarm.com'") && strcontains(local.post_script, "WALLARM_APID_ONLY=true")
    error_message = "the post script sets labels and the mode"
  }
}

run "no_token" {
  command = plan

  variables {
    token = ""
  }

  expect_failures = [var.token]
}

run "a_token_that_a_shell_would_run" {
  command = plan

  variables {
    token = "a'; reboot; '"
  }

  expect_failures = [var.token]
}

run "a_host_elsewhere" {
  command = plan

  variables {
    host = "api.wallarm.com.example"
  }

  expect_failures = [var.host]
}

run "a_label_with_a_quote" {
  command = plan

  variables {
    labels = { group = "it's" }
  }

  expect_failures = [var.labels]
}

run "too_many_nodes" {
  command = plan

  variables {
    min_size = 5
  }

  expect_failures = [aws_autoscaling_group.nodes]
}
