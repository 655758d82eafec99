# Plans with a mocked provider: no account, no credentials. What each profile finds in a whole account is shown by
# test/terraform/profiles.test.ts.

mock_provider "aws" {
  mock_data "aws_instances" {
    defaults = { ids = ["i-0a"] }
  }

  mock_data "aws_network_interfaces" {
    defaults = { ids = ["eni-0a"] }
  }

  mock_data "aws_network_interface" {
    defaults = {
      interface_type = "interface"
      private_ip     = "10.0.0.4"
      attachment     = [{ attachment_id = "eni-attach-0a", device_index = 0, instance_id = "i-0a", instance_owner_id = "123456789012" }]
      tags           = {}
    }
  }

  mock_data "aws_instance" {
    defaults = {
      instance_type = "m5.large"
      tags          = {}
    }
  }
}

run "nothing_is_picked_without_a_profile" {
  command = plan

  assert {
    condition     = length(output.network_interfaces) + length(output.refused) + length(output.unmatched) == 0
    error_message = "No profile, no interface."
  }
}

run "profiles_are_joined_and_an_interface_is_picked_once" {
  command = plan

  variables {
    by_asg    = ["shop"]
    by_subnet = ["subnet-0a"]
    by_tags   = { web = { tags = { app = "web" } } }
  }

  assert {
    condition     = keys(output.network_interfaces) == ["eni-0a"]
    error_message = "The union has each interface once."
  }

  assert {
    condition     = output.network_interfaces["eni-0a"].why == "by_asg shop, by_subnet subnet-0a, by_tags web"
    error_message = "Every profile entry that found it is named."
  }
}

run "an_interface_of_an_excluded_instance_is_refused" {
  command = plan

  override_data {
    target = data.aws_instance.found
    values = { instance_type = "m5.large", tags = { "vpc-mirror:role" = "node" } }
  }

  variables {
    by_subnet = ["subnet-0a"]
  }

  assert {
    condition     = length(output.network_interfaces) == 0 && strcontains(output.refused["eni-0a"], "excluded by the tag vpc-mirror:role = node of its instance i-0a")
    error_message = "Rebuilders and nodes are never mirrored."
  }
}

run "an_interface_of_an_instance_that_shuts_down_is_refused" {
  command = plan

  override_data {
    target = data.aws_instance.found
    values = { instance_type = "m5.large", instance_state = "shutting-down", tags = {} }
  }

  variables {
    by_subnet = ["subnet-0a"]
  }

  assert {
    condition     = length(output.network_interfaces) == 0 && strcontains(output.refused["eni-0a"], "its instance i-0a is shutting down")
    error_message = "The interface goes with its instance."
  }
}

run "an_unknown_family_is_tried_and_reported" {
  command = plan

  override_data {
    target = data.aws_instance.found
    values = { instance_type = "m99.large", tags = {} }
  }

  variables {
    by_asg = ["shop"]
  }

  assert {
    condition     = strcontains(output.network_interfaces["eni-0a"].note, "m99.large is not in the list of ${output.mirrorable_list_date}")
    error_message = "A family that AWS's list does not name is picked, with a note."
  }
}

run "ipv6_only_is_refused" {
  command = plan

  override_data {
    target = data.aws_network_interface.found
    values = {
      interface_type = "interface"
      private_ip     = ""
      attachment     = [{ attachment_id = "eni-attach-0a", device_index = 0, instance_id = "i-0a", instance_owner_id = "123456789012" }]
      tags           = {}
    }
  }

  variables {
    by_asg = ["shop"]
  }

  assert {
    condition     = strcontains(output.refused["eni-0a"], "no IPv4 address")
    error_message = "AWS does not mirror in IPv6-only subnets."
  }
}

run "an_unchecked_interface_of_a_service" {
  command = plan

  variables {
    by_id_without_instance = { task = "eni-0b" }
  }

  assert {
    condition     = output.network_interfaces["task"].network_interface_id == "eni-0b" && output.network_interfaces["task"].note != null
    error_message = "Tried, with a note."
  }
}

run "an_entry_that_found_nothing_is_named" {
  command = plan

  override_data {
    target = data.aws_instances.by_asg
    values = { ids = [] }
  }

  variables {
    by_asg = ["gone"]
  }

  assert {
    condition     = output.unmatched == tolist(["by_asg gone"])
    error_message = "A typing mistake is not silence."
  }
}
