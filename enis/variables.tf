################################################################################
# Profiles: any of them, together or alone. Each says in its own file how it finds interfaces.
################################################################################

variable "by_asg" {
  description = "Auto Scaling groups, by name: every interface of their instances."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.by_asg : trimspace(name) != ""])
    error_message = "by_asg: the name of an Auto Scaling group must not be empty."
  }
}

variable "by_eks" {
  description = "EKS clusters, keyed by a word: every interface of the nodes of these managed node groups, or of all managed node groups of the cluster if none is named. `nodes = \"all\"`: also the nodes that Karpenter, Auto Mode or you yourself started, by the cluster's tags."
  type = map(object({
    cluster_name     = string
    node_group_names = optional(set(string), [])
    nodes            = optional(string, "managed")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cluster in values(var.by_eks) : contains(["managed", "all"], cluster.nodes)])
    error_message = "by_eks: nodes must be \"managed\" or \"all\"."
  }
}

variable "by_elb" {
  description = <<-EOT
    Load balancers, keyed by a word. `classic`: the Classic Load Balancer's own interfaces. `application` and `network`: the
    interfaces of its targets, because its own carry TLS or cannot be mirrored. Targets that an Auto Scaling group registers
    are found, if the target group has a tag or is named in `target_group_names`; name the others in `target_instance_ids` or `target_ips`. `mirror = "interfaces"` or `"both"` tries the load
    balancer's own interfaces: AWS's pages disagree on whether it mirrors an Application Load Balancer's.
  EOT
  type = map(object({
    name                = string
    type                = optional(string, "application")
    mirror              = optional(string, "targets")
    target_group_names  = optional(set(string), [])
    target_instance_ids = optional(set(string), [])
    target_ips          = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for lb in values(var.by_elb) : contains(["classic", "application", "network"], lb.type)])
    error_message = "by_elb: type must be \"classic\", \"application\" or \"network\"."
  }

  validation {
    condition     = alltrue([for lb in values(var.by_elb) : contains(["targets", "interfaces", "both"], lb.mirror)])
    error_message = "by_elb: mirror must be \"targets\", \"interfaces\" or \"both\"."
  }

  validation {
    condition     = alltrue(flatten([for lb in values(var.by_elb) : [for ip in lb.target_ips : can(cidrhost(strcontains(ip, ":") ? "${ip}/128" : "${ip}/32", 0))]]))
    error_message = "by_elb: target_ips must be IP addresses."
  }

  validation {
    condition     = alltrue([for lb in values(var.by_elb) : lb.type != "classic" || length(lb.target_group_names) + length(lb.target_instance_ids) + length(lb.target_ips) == 0])
    error_message = "by_elb: target_group_names, target_instance_ids and target_ips are for application and network load balancers; a classic one is mirrored at its own interfaces."
  }
}

variable "by_instance" {
  description = "Instances, by id: every interface attached to them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.by_instance : can(regex("^i-[0-9a-f]+$", id))])
    error_message = "by_instance: an instance id must look like \"i-0123456789abcdef0\"."
  }
}

variable "by_subnet" {
  description = "Subnets, by id: every interface of an instance in them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.by_subnet : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "by_subnet: a subnet id must look like \"subnet-0123456789abcdef0\"."
  }
}

variable "by_tags" {
  description = "Tags, keyed by a word: every interface that carries all of them (`resource = \"network-interface\"`), or whose instance does (`resource = \"instance\"`, the default: Auto Scaling tags instances, not their interfaces). A value may hold the wildcards * and ?."
  type = map(object({
    tags     = map(string)
    resource = optional(string, "instance")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for entry in values(var.by_tags) : length(entry.tags) > 0])
    error_message = "by_tags: tags must not be empty, which would pick every interface of the account."
  }

  validation {
    condition     = alltrue([for entry in values(var.by_tags) : contains(["instance", "network-interface"], entry.resource)])
    error_message = "by_tags: resource must be \"instance\" or \"network-interface\"."
  }
}

variable "by_id" {
  description = <<-EOT
    Interfaces, by id, keyed by a word of yours. One that AWS will not mirror is an error here, not an entry of `refused`.
    An interface that is created in the same apply works if this call of the module has no other profile, and if the id
    comes from an attribute that waits for its instance, such as `aws_instance.web.primary_network_interface_id`.
  EOT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.by_id) : can(regex("^eni-[0-9a-f]+$", id))])
    error_message = "by_id: an interface id must look like \"eni-0123456789abcdef0\"."
  }
}

variable "by_id_without_instance" {
  description = "Interfaces, by id, keyed by a word of yours, that belong to an AWS service and to no instance of yours (a Fargate task, for example). AWS's pages disagree on whether it mirrors them: nothing is checked but the form of the id, and the API answers."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.by_id_without_instance) : can(regex("^eni-[0-9a-f]+$", id))])
    error_message = "by_id_without_instance: an interface id must look like \"eni-0123456789abcdef0\"."
  }
}

################################################################################
# Limits
################################################################################

variable "vpc_id" {
  description = "Keep to this VPC. null: all VPCs of the account and region."
  type        = string
  default     = null
}

variable "primary_network_interface_only" {
  description = "Of each instance, only the interface at device index 0. EKS nodes and appliances carry traffic on the others too."
  type        = bool
  default     = false
  nullable    = false
}

variable "excluded_network_interface_ids" {
  description = "Interfaces that no profile may pick."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "excluded_instance_ids" {
  description = "Instances whose interfaces no profile may pick."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "excluded_tags" {
  description = "No profile may pick an interface that carries one of these tags, or whose instance does; an empty list means any value. The default is how the rebuilders and the detection nodes are marked: mirroring them would mirror the mirror. Keep it when you add your own."
  type        = map(set(string))
  default     = { "vpc-mirror:role" = [] }
  nullable    = false
}

variable "treat_as_mirrorable" {
  description = "Instance families, such as \"m8g\", that are tried although the dated list of this module says that AWS does not mirror them: AWS's answer decides."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for family in var.treat_as_mirrorable : can(regex("^[a-z0-9-]+$", family))])
    error_message = "treat_as_mirrorable must hold instance families, such as \"m8g\", not whole types."
  }
}
