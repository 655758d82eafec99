variable "name_prefix" {
  description = "First part of the Name tag and of the description of everything that is made."
  type        = string
  default     = "vpc-mirror"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,39}$", var.name_prefix))
    error_message = "name_prefix must be 1 to 40 letters, digits and hyphens, and begin with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that is made, the reconciler's sessions included. The provider's default_tags reach them too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not have keys that begin with aws: (AWS keeps them for itself, and refuses them halfway through an apply)."
  }
}

################################################################################
# Sources
################################################################################

variable "network_interfaces" {
  description = <<-EOT
    The interfaces to mirror: one session each. The keys must be known at plan: take `module.enis.network_interfaces`,
    or write words of your own, so that an interface created in the same apply works.
    `session_number` counts per source interface (a packet goes to the lowest one that matches).
  EOT
  type = map(object({
    network_interface_id = string
    session_number       = optional(number)
    virtual_network_id   = optional(number)
    packet_length        = optional(number)
  }))
  nullable = false

  validation {
    condition     = alltrue([for eni in values(var.network_interfaces) : can(regex("^eni-[0-9a-f]+$", eni.network_interface_id))])
    error_message = "network_interfaces: every network_interface_id must look like \"eni-0123456789abcdef0\"."
  }

  validation {
    condition = alltrue([
      for eni in values(var.network_interfaces) : eni.session_number == null ? true : (
        eni.session_number >= 1 && eni.session_number <= 32766 && floor(eni.session_number) == eni.session_number
      )
    ])
    error_message = "network_interfaces: session_number must be a whole number from 1 to 32766."
  }

  validation {
    condition = alltrue([
      for eni in values(var.network_interfaces) : eni.virtual_network_id == null ? true : (
        eni.virtual_network_id >= 1 && eni.virtual_network_id <= 16777215 && floor(eni.virtual_network_id) == eni.virtual_network_id
      )
    ])
    error_message = "network_interfaces: virtual_network_id (VNI) must be a whole number from 1 to 16777215."
  }

  validation {
    condition = alltrue([
      for eni in values(var.network_interfaces) : eni.packet_length == null ? true : (
        eni.packet_length >= 55 && eni.packet_length <= 8500 && floor(eni.packet_length) == eni.packet_length
      )
    ])
    error_message = "network_interfaces: packet_length must be a whole number of bytes from 55 to 8500."
  }
}

variable "allow_no_network_interfaces" {
  description = "Accept an empty network_interfaces, for example because the group that is mirrored is scaled to zero. Otherwise an empty map is an error: a mirror of nothing looks like a working one."
  type        = bool
  default     = false
  nullable    = false
}

variable "excluded_network_interface_ids" {
  description = "Interfaces that must never be mirrored, such as those of the rebuilders and of the detection nodes: mirroring them would mirror the mirror. Naming one of them in network_interfaces is an error."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "session_number" {
  description = "Session number on each source interface, 1 to 32766, unless its entry says otherwise. AWS gives a packet to the lowest number whose filter accepts it, and to no other session."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.session_number >= 1 && var.session_number <= 32766 && floor(var.session_number) == var.session_number
    error_message = "session_number must be a whole number from 1 to 32766."
  }
}

variable "virtual_network_id" {
  description = "VXLAN network identifier (VNI) of the sessions, 1 to 16777215. null lets AWS choose one for each session; one known number lets the rebuilder's vni_filter refuse everything else."
  type        = number
  default     = null

  validation {
    condition = var.virtual_network_id == null ? true : (
      var.virtual_network_id >= 1 && var.virtual_network_id <= 16777215 && floor(var.virtual_network_id) == var.virtual_network_id
    )
    error_message = "virtual_network_id (VNI) must be a whole number from 1 to 16777215, or null to let AWS choose."
  }
}

variable "packet_length" {
  description = "Bytes of each packet that are mirrored, from its Ethernet header on; the rest is cut off without a word. Default: 8500, the most that AWS sends to a Network Load Balancer; 8464 for a Gateway Load Balancer endpoint, which drops what is longer once it is wrapped."
  type        = number
  default     = null

  validation {
    # AWS's minimum is 35 bytes for IPv4 and 55 for IPv6; a filter may match both.
    condition     = var.packet_length == null ? true : var.packet_length >= 55 && var.packet_length <= 8500 && floor(var.packet_length) == var.packet_length
    error_message = "packet_length must be a whole number of bytes from 55 to 8500."
  }
}

################################################################################
# Filter
################################################################################

variable "ports" {
  description = "TCP ports, or ranges of them such as \"8080-8090\", on which the sources take plain HTTP, from anywhere. Default: 80. Each is a rule for IPv4 and one for IPv6, and twice that with mirror_responses: AWS allows 10 rules."
  type        = list(string)
  default     = null

  validation {
    condition = var.ports == null ? true : length(var.ports) > 0 && alltrue([
      for port in var.ports : can(regex("^[0-9]{1,5}(-[0-9]{1,5})?$", port)) && try(
        tonumber(split("-", port)[0]) >= 1 && tonumber(split("-", port)[0]) <= tonumber(reverse(split("-", port))[0]) && tonumber(reverse(split("-", port))[0]) <= 65535,
        false,
      )
    ])
    error_message = "ports must name at least one port from 1 to 65535, or a range of them such as \"8080-8090\"."
  }
}

variable "ipv6_enabled" {
  description = "Mirror requests that come over IPv6, too. Only for ports: filter_rules name their networks themselves."
  type        = bool
  default     = true
  nullable    = false
}

variable "filter_rules" {
  description = <<-EOT
    What is mirrored, instead of ports, where that needs more than TCP ports: at most 10 rules (an AWS quota), keyed by a word;
    AWS takes the lowest `rule_number` that matches. The direction is that of the source interface: `ingress` rules are the
    requests a server receives. Ports need `protocol` 6 (TCP) or 17 (UDP); a rule of these without a port range wants
    `all_ports = true`. IPv6 needs rules of its own.
  EOT
  type = map(object({
    rule_number            = number
    traffic_direction      = optional(string, "ingress")
    rule_action            = optional(string, "accept")
    protocol               = optional(number, 6)
    source_cidr_block      = optional(string, "0.0.0.0/0")
    destination_cidr_block = optional(string, "0.0.0.0/0")
    source_port_range      = optional(object({ from_port = number, to_port = number }))
    destination_port_range = optional(object({ from_port = number, to_port = number }))
    all_ports              = optional(bool, false)
    description            = optional(string)
  }))
  default = null

  validation {
    condition     = var.filter_rules == null ? true : length(var.filter_rules) > 0
    error_message = "filter_rules must not be empty: a filter without rules mirrors nothing."
  }

  validation {
    condition     = length(coalesce(var.filter_rules, {})) <= 10
    error_message = "filter_rules: AWS allows 10 rules in a filter, and this is not adjustable. Join port ranges or CIDR blocks."
  }

  validation {
    condition     = alltrue([for rule in values(coalesce(var.filter_rules, {})) : contains(["ingress", "egress"], rule.traffic_direction)])
    error_message = "filter_rules: traffic_direction must be \"ingress\" or \"egress\"."
  }

  validation {
    condition     = alltrue([for rule in values(coalesce(var.filter_rules, {})) : contains(["accept", "reject"], rule.rule_action)])
    error_message = "filter_rules: rule_action must be \"accept\" or \"reject\"."
  }

  validation {
    condition     = alltrue([for rule in values(coalesce(var.filter_rules, {})) : rule.rule_number >= 1 && rule.rule_number <= 32766 && floor(rule.rule_number) == rule.rule_number])
    error_message = "filter_rules: rule_number must be a whole number from 1 to 32766."
  }

  validation {
    condition = length(coalesce(var.filter_rules, {})) == length(distinct([
      for rule in values(coalesce(var.filter_rules, {})) : "${rule.traffic_direction}/${rule.rule_number}"
    ]))
    error_message = "filter_rules: two rules of the same traffic_direction have the same rule_number."
  }

  validation {
    condition     = alltrue([for rule in values(coalesce(var.filter_rules, {})) : rule.protocol >= 0 && rule.protocol <= 255 && floor(rule.protocol) == rule.protocol])
    error_message = "filter_rules: protocol must be an IP protocol number from 0 to 255 (6 is TCP, 17 is UDP)."
  }

  validation {
    condition = alltrue([
      for rule in values(coalesce(var.filter_rules, {})) : contains([6, 17], rule.protocol) || (rule.source_port_range == null && rule.destination_port_range == null)
    ])
    error_message = "filter_rules: a port range needs protocol 6 (TCP) or 17 (UDP)."
  }

  validation {
    condition = alltrue([
      for rule in values(coalesce(var.filter_rules, {})) : (
        !contains([6, 17], rule.protocol) || rule.all_ports != (rule.source_port_range != null || rule.destination_port_range != null)
      )
    ])
    error_message = "filter_rules: a rule for TCP or UDP needs destination_port_range or source_port_range, or all_ports = true (and no range) to mean every port; Terraform drops a misspelt key without a word."
  }

  validation {
    condition = alltrue(flatten([
      for rule in values(coalesce(var.filter_rules, {})) : [
        for range in [rule.source_port_range, rule.destination_port_range] : range == null ? true : (
          range.from_port >= 0 && range.from_port <= range.to_port && range.to_port <= 65535
          && floor(range.from_port) == range.from_port && floor(range.to_port) == range.to_port
        )
      ]
    ]))
    error_message = "filter_rules: a port range needs whole numbers from 0 to 65535, and from_port must not be greater than to_port."
  }

  validation {
    # AWS stores the network's own address: a block with host bits set would be a difference for ever.
    condition = alltrue(flatten([
      for rule in values(coalesce(var.filter_rules, {})) : [
        for cidr in [rule.source_cidr_block, rule.destination_cidr_block] : try(cidrhost(cidr, 0) == split("/", cidr)[0], false)
      ]
    ]))
    error_message = "filter_rules: source_cidr_block and destination_cidr_block must be CIDR blocks without host bits, such as \"10.0.0.0/16\" or \"2001:db8::/32\"."
  }

  validation {
    condition = alltrue([
      for rule in values(coalesce(var.filter_rules, {})) : strcontains(rule.source_cidr_block, ":") == strcontains(rule.destination_cidr_block, ":")
    ])
    error_message = "filter_rules: source_cidr_block and destination_cidr_block of a rule must be of the same IP version."
  }
}

variable "mirror_responses" {
  description = "Mirror the answers too: every accepting ingress rule gets its reflection as an egress rule (source and destination exchanged, the same rule_number). Doubles the mirrored bytes and the rules."
  type        = bool
  default     = false
  nullable    = false
}

################################################################################
# Target
################################################################################

variable "create_target" {
  description = "Make the mirror target for network_load_balancer_arn. false: traffic_mirror_target_id names one that exists."
  type        = bool
  default     = true
  nullable    = false
}

variable "network_load_balancer_arn" {
  description = "The Network Load Balancer that receives the mirrored packets on UDP 4789. This or gateway_load_balancer_endpoint_id is needed with create_target."
  type        = string
  default     = null

  validation {
    condition     = var.network_load_balancer_arn == null ? true : can(regex("^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/net/.+$", var.network_load_balancer_arn))
    error_message = "network_load_balancer_arn must be the ARN of a Network Load Balancer (…:loadbalancer/net/…): AWS mirrors to no other kind by ARN."
  }
}

variable "gateway_load_balancer_endpoint_id" {
  description = "A Gateway Load Balancer endpoint in the VPC of the sources, which leads to rebuilders in another VPC or account without peering; instead of network_load_balancer_arn."
  type        = string
  default     = null

  validation {
    condition     = var.gateway_load_balancer_endpoint_id == null ? true : can(regex("^vpce-[0-9a-f]+$", var.gateway_load_balancer_endpoint_id))
    error_message = "gateway_load_balancer_endpoint_id must be the ID of a VPC endpoint, like vpce-0123456789abcdef0."
  }
}

variable "ram_principals" {
  description = "Who else may send to the target that is made here (AWS Resource Access Manager): account IDs, or ARNs of an organisation or of an organisational unit."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for principal in var.ram_principals : can(regex("^([0-9]{12}|arn:[a-z-]+:organizations::[0-9]{12}:(organization|ou)/.+)$", principal))])
    error_message = "ram_principals must hold account IDs of 12 digits, or ARNs of an organisation or of an organisational unit."
  }
}

variable "ram_allow_external_principals" {
  description = "Allow accounts outside of the organisation among ram_principals; they get an invitation."
  type        = bool
  default     = false
  nullable    = false
}

variable "traffic_mirror_target_id" {
  description = "An existing mirror target, for example one that another account shares. Needed with create_target = false."
  type        = string
  default     = null
}

################################################################################
# Reconciler
################################################################################

variable "reconcile" {
  description = <<-EOT
    A Lambda function that gives new instances their session within seconds and takes it from those that are gone or stopped.
    `interfaces`: what it follows, `module.enis.selectors`. `artifact_file`: dist/vpc-mirror-reconciler.zip, which `npm run package`
    builds. Its sessions have the number `session_number` (default: one more than Terraform's, so that both may meet on an interface).
    `runtime`: nodejs22.x, because provider 5 knows no later; with provider 6 nodejs24.x. null: sessions are as old as the last apply.
  EOT
  type = object({
    interfaces            = any
    artifact_file         = string
    every_minutes         = optional(number, 5)
    session_number        = optional(number)
    stopped_instances     = optional(string, "release")
    runtime               = optional(string, "nodejs22.x")
    alarm_actions         = optional(list(string), [])
    log_retention_in_days = optional(number, 30)
  })
  default = null

  validation {
    condition     = var.reconcile == null ? true : try(fileexists(var.reconcile.artifact_file), false)
    error_message = "reconcile.artifact_file does not name a file. Build it in the checkout with: npm ci && npm run package"
  }

  validation {
    condition = try(var.reconcile.session_number, null) == null ? true : (
      var.reconcile.session_number >= 1 && var.reconcile.session_number <= 32766 && floor(var.reconcile.session_number) == var.reconcile.session_number
    )
    error_message = "reconcile.session_number must be a whole number from 1 to 32766."
  }

  validation {
    condition     = var.reconcile == null ? true : contains(["release", "keep"], var.reconcile.stopped_instances)
    error_message = "reconcile.stopped_instances must be \"release\" or \"keep\": a stopped instance's session bills on."
  }

  validation {
    condition     = var.reconcile == null ? true : var.reconcile.every_minutes >= 2 && var.reconcile.every_minutes <= 60 && floor(var.reconcile.every_minutes) == var.reconcile.every_minutes
    error_message = "reconcile.every_minutes must be a whole number from 2 to 60."
  }

  validation {
    condition     = var.reconcile == null ? true : contains(["nodejs22.x", "nodejs24.x"], var.reconcile.runtime)
    error_message = "reconcile.runtime must be \"nodejs22.x\" or \"nodejs24.x\"."
  }
}

variable "iam_path" {
  description = "Path of the reconciler's role, where an organisation's policies want one."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+@=-]+/)*$", var.iam_path))
    error_message = "iam_path must begin and end with a slash, like /service/."
  }
}

variable "iam_permissions_boundary_arn" {
  description = "Policy that bounds what the reconciler's role may ever do, where an organisation's policies want one."
  type        = string
  default     = null

  validation {
    condition     = var.iam_permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam_permissions_boundary_arn))
    error_message = "iam_permissions_boundary_arn must be the ARN of an IAM policy."
  }
}
