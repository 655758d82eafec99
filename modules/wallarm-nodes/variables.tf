variable "name_prefix" {
  description = "Name of the nodes, and prefix of what belongs to them."
  type        = string
  default     = "vpc-mirror-node"
  nullable    = false
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "vpc_id" {
  description = "VPC of the nodes."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets of the nodes, with a way out to the Wallarm Cloud. Their networks are also those that the nodes take requests and X-Forwarded-For from: give the subnets of the rebuilders and of the ALB."
  type        = list(string)
  nullable    = false
}

variable "token" {
  description = "Wallarm token: of a node of the type Wallarm node, or an API token of the role Deploy. It lands in the Terraform state and in the nodes' user data."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+/=_.-]+$", var.token))
    error_message = "token is not set: create a node in Wallarm Console (Nodes, type Wallarm node) and pass its token, for example by the environment variable TF_VAR_token."
  }
}

variable "host" {
  description = "Wallarm API: api.wallarm.com (EU Cloud), us1.api.wallarm.com (US Cloud)."
  type        = string
  default     = "api.wallarm.com"
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9-]+[.])?api[.]wallarm[.]com$", var.host))
    error_message = "host must be the API of your Wallarm Cloud: api.wallarm.com (EU) or us1.api.wallarm.com (US)."
  }
}

variable "node_version" {
  description = "Version of the node's image in AWS Marketplace, which must be subscribed to."
  type        = string
  default     = "4.8"
  nullable    = false
}

variable "preset" {
  description = "\"mirror\" for images that have this preset (4.x); \"custom\" for newer ones, which take their NGINX configuration from here."
  type        = string
  default     = "mirror"
  nullable    = false

  validation {
    condition     = contains(["mirror", "custom"], var.preset)
    error_message = "preset must be mirror or custom."
  }
}

variable "labels" {
  description = "WALLARM_LABELS of the nodes, such as { group = \"shop\" }. They count with an API token."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[A-Za-z0-9_.-]+$", key)) && can(regex("^[A-Za-z0-9_. -]+$", value))])
    error_message = "labels must hold letters, digits, underscores, dots and hyphens only."
  }
}

variable "api_discovery_only" {
  description = "Only API Discovery: attacks are not sent to the Wallarm Cloud. Node 5.3.7 and newer."
  type        = bool
  default     = false
  nullable    = false
}

variable "ami_id" {
  description = "Image of the nodes. Default (empty): the newest Marketplace image of node_version."
  type        = string
  default     = ""
  nullable    = false
}

variable "instance_type" {
  description = "Instance type of the nodes; the Marketplace image is for x86_64."
  type        = string
  default     = "t3.medium"
  nullable    = false
}

variable "min_size" {
  description = "Smallest number of nodes."
  type        = number
  default     = 2
  nullable    = false
}

variable "max_size" {
  description = "Largest number of nodes."
  type        = number
  default     = 4
  nullable    = false
}

variable "outbound_cidrs" {
  description = "Networks that the nodes may reach: the Wallarm Cloud's addresses are in the example's README."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false
}
