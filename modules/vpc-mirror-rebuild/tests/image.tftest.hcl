# Which image the instances run, over several applies: terraform init && terraform test

mock_provider "aws" {
  mock_data "aws_vpc" { defaults = { cidr_block = "10.0.0.0/16" } }
  mock_data "aws_region" { defaults = { name = "eu-west-2" } }
  mock_data "aws_partition" { defaults = { partition = "aws" } }
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_iam_policy_document" { defaults = { json = "{}" } }
  mock_data "aws_ssm_parameter" { defaults = { insecure_value = "ami-0a" } }
  mock_data "aws_autoscaling_groups" { defaults = { names = [] } }
  mock_data "aws_default_tags" { defaults = { tags = {} } }

  override_data {
    target = data.aws_subnet.this[0]
    values = { availability_zone = "eu-west-2a", vpc_id = "vpc-0a", cidr_block = "10.0.0.0/24" }
  }
  override_data {
    target = data.aws_subnet.this[1]
    values = { availability_zone = "eu-west-2b", vpc_id = "vpc-0a", cidr_block = "10.0.1.0/24" }
  }
}

variables {
  vpc_id                     = "vpc-0a"
  subnet_ids                 = ["subnet-0a", "subnet-0b"]
  mirrored_cidrs             = ["10.0.0.0/16", "10.1.0.0/16"]
  detection_target_group_arn = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/nodes/0123456789abcdef"
  raw_target_group_arn       = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/raw/0123456789abcdef"
  artifact_s3_uri            = "s3://artifacts/vpc-mirror.tar.gz"
  artifact_sha256            = "0000000000000000000000000000000000000000000000000000000000000000"
}

run "the_newest_image_at_first" {
  command = apply

  plan_options {
    target = [terraform_data.ami]
  }

  assert {
    condition     = terraform_data.ami[0].output == "ami-0a"
    error_message = "the newest image when the group is made"
  }
}

run "a_newer_image_changes_nothing" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.ami
    values = { insecure_value = "ami-0b" }
  }

  assert {
    condition     = aws_launch_template.rebuilder.image_id == "ami-0a"
    error_message = "an apply that is to add a session does not replace rebuilders"
  }
}

run "until_that_is_asked_for" {
  command = apply

  override_data {
    target = data.aws_ssm_parameter.ami
    values = { insecure_value = "ami-0b" }
  }

  variables {
    ami_update = true
  }

  plan_options {
    target = [terraform_data.ami]
  }

  assert {
    condition     = terraform_data.ami[0].output == "ami-0b"
    error_message = "ami_update follows the newest image"
  }
}
