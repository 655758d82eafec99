################################################################################
# Names and place
################################################################################

variable "kind" {
  description = "\"nginx\": NGINX nodes, which take requests over HTTP on 8445. \"native\": native nodes, which take whole exchanges, responses included, over gRPC on 5080 (`mode: envoy-external-filter`)."
  type        = string
  default     = "nginx"
  nullable    = false

  validation {
    condition     = contains(["nginx", "native"], var.kind)
    error_message = "kind must be nginx or native."
  }
}

variable "name_prefix" {
  description = "Name of the nodes, and prefix of what belongs to them."
  type        = string
  default     = "vpc-mirror-node"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,34}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 3 to 36 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags for every resource, the instances and their volumes included. The provider's default_tags reach them too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not begin with aws:, which AWS keeps for itself."
  }
}

variable "vpc_id" {
  description = "VPC of the nodes."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets of the nodes, with a way out to the Wallarm Cloud. NGINX nodes believe X-Forwarded-For from these networks: give the subnets of the rebuilders and of the ALB."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0 && length(distinct(var.subnet_ids)) == length(var.subnet_ids)
    error_message = "subnet_ids must name at least one subnet, each once."
  }
}

variable "source_security_group_ids" {
  description = "Security groups that may reach the nodes' port and their health check, keyed by a word of yours: those of the load balancers and of the rebuilders. Nobody else may."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.source_security_group_ids) > 0
    error_message = "source_security_group_ids must name the security groups of the load balancers: without one, no copy and no health check reaches a node."
  }
}

variable "outbound_cidrs" {
  description = "Networks that the nodes may reach on TCP/443: the Wallarm Cloud (its addresses are in the README of examples/vpc-mirror) and, for secrets, AWS."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.outbound_cidrs : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "outbound_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 34.90.110.226/32."
  }
}

################################################################################
# Wallarm
################################################################################

variable "token_secret_arn" {
  description = "ARN of the Secrets Manager secret, or of the SSM parameter, that holds the Wallarm token and nothing else: a node reads it when it starts, and it is neither in the Terraform state nor in user data."
  type        = string
  default     = null

  validation {
    condition     = var.token_secret_arn == null ? true : can(regex("^arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$", var.token_secret_arn))
    error_message = "token_secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:…:secret:name-AbCdEf, with its six last characters) or of a parameter (arn:aws:ssm:…:parameter/name)."
  }
}

variable "token" {
  description = "Wallarm token itself, instead of token_secret_arn. It lands in the Terraform state and in the nodes' user data: whoever may read the state or describe the launch template has it."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.token == null ? true : can(regex("^[A-Za-z0-9+/=_.-]+$", var.token))
    error_message = "token must hold letters, digits and + / = _ . - only, as Wallarm Console gives it."
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

variable "mode" {
  description = "What the nodes do with copies: \"monitoring\" reports attacks, \"off\" does not look."
  type        = string
  default     = "monitoring"
  nullable    = false

  validation {
    condition     = contains(["monitoring", "off"], var.mode)
    error_message = "mode must be monitoring or off: a copy cannot be blocked."
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
  description = "Only API Discovery: attacks are not sent to the Wallarm Cloud. NGINX node 5.3.7 and newer, native node 0.12.1 and newer."
  type        = bool
  default     = false
  nullable    = false
}

variable "tenants" {
  description = "NGINX nodes: UUIDs of the tenants that the rebuilders' routes name (route_config.wallarm_partner_client_uuid). Requests of other tenants are the node's own."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tenant in var.tenants : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", tenant))])
    error_message = "tenants must hold UUIDs in lower case, like 11111111-1111-1111-1111-111111111111."
  }
}

################################################################################
# Image
################################################################################

variable "node_version" {
  description = "NGINX nodes: version of the image in AWS Marketplace, which must be subscribed to: \"7\", or more exactly \"7.1\". Also says how a node tells its health, so set it with ami_id too."
  type        = string
  default     = "7"
  nullable    = false

  validation {
    condition     = can(regex("^[4-9]([.][0-9]+){0,2}$", var.node_version))
    error_message = "node_version must be a version from 4 on, like 7, 7.1 or 6.12.3."
  }
}

variable "ami_name" {
  description = "NGINX nodes: name of the image, with wildcards. Default: wallarm-node-VERSION-*, as the vendor's own Terraform module looks for it."
  type        = string
  default     = null
}

variable "ami_id" {
  description = "Image of the nodes. Default: the newest Marketplace image of node_version; Amazon Linux 2023 for native nodes, which get an installer. The vendor's image of the native node brings one."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null ? true : startswith(var.ami_id, "ami-")
    error_message = "ami_id must be an image ID, like ami-0123456789abcdef0."
  }
}

variable "ami_update" {
  description = "Whether the nodes follow the newest image: then any apply after the vendor published one rolls them. Otherwise they keep theirs, whatever else an apply changes. Switching it, either way, takes the newest image once."
  type        = bool
  default     = false
  nullable    = false
}

variable "architecture" {
  description = "Processor: x86_64, or arm64 for native nodes with an installer for it."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

################################################################################
# Native nodes
################################################################################

variable "certificate" {
  description = "Native nodes: their TLS certificate, with the name that clients are told to expect. `secret_arn`: a secret or an SSM parameter that holds, as PEM, the certificate, its chain and the private key, one after another. `acm_certificate_arn`: an exportable certificate of AWS Certificate Manager."
  type = object({
    secret_arn          = optional(string)
    acm_certificate_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.certificate == null ? true : (var.certificate.secret_arn == null) != (var.certificate.acm_certificate_arn == null)
    error_message = "certificate must have exactly one of secret_arn and acm_certificate_arn."
  }

  validation {
    condition     = try(var.certificate.secret_arn, null) == null ? true : can(regex("^arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$", var.certificate.secret_arn))
    error_message = "certificate.secret_arn must be the whole ARN of a secret (arn:aws:secretsmanager:…:secret:name-AbCdEf, with its six last characters) or of a parameter (arn:aws:ssm:…:parameter/name)."
  }

  validation {
    condition     = try(var.certificate.acm_certificate_arn, null) == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-f0-9-]+$", var.certificate.acm_certificate_arn))
    error_message = "certificate.acm_certificate_arn must be the ARN of a certificate, like arn:aws:acm:eu-west-2:111122223333:certificate/12345678-1234-1234-1234-123456789012."
  }
}

variable "installer" {
  description = "Native nodes: the vendor's all-in-one installer for the architecture, and the SHA-256 that it must have. The vendor publishes none: take it of the file that you have looked at. Default: the one in the image."
  type = object({
    url    = string
    sha256 = string
  })
  default = null

  validation {
    condition     = var.installer == null ? true : can(regex("^https://[A-Za-z0-9._~:/?@!&*+,;=%-]+$", var.installer.url))
    error_message = "installer.url must begin with https://, like https://meganode.wallarm.com/native/aio-native-0.25.5.x86_64.sh."
  }

  validation {
    condition     = var.installer == null ? true : can(regex("^[0-9a-f]{64}$", var.installer.sha256))
    error_message = "installer.sha256 must be 64 lower-case hexadecimal digits: curl -O URL && sha256sum FILE."
  }
}

variable "config" {
  description = "Native nodes: further keys of their configuration file by their top-level name, as the vendor's all-in-one-conf page has them; a key given here replaces ours."
  type        = any
  default     = {}
  nullable    = false
}

################################################################################
# Instances
################################################################################

variable "instance_type" {
  description = "Instance type of the nodes. The vendor names t3.medium for tests and m4.xlarge for production."
  type        = string
  default     = "t3.medium"
  nullable    = false
}

variable "root_volume" {
  description = "Root volume of the instances: size_gib (30), and kms_key_id, the ARN of a key of yours (default: the account's EBS key; it is always encrypted). EC2 Auto Scaling is then granted the use of the key, unless kms_grant is false because its policy allows it already."
  # A map, because Terraform drops an unknown key of an object without a word.
  type     = map(string)
  default  = { size_gib = 30 }
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.root_volume), ["size_gib", "kms_key_id", "kms_grant"])) == 0
    error_message = "root_volume has keys that are not known: ${join(", ", setsubtract(keys(var.root_volume), ["size_gib", "kms_key_id", "kms_grant"]))}. It takes size_gib, kms_key_id and kms_grant."
  }

  validation {
    condition     = can(coalesce(tonumber(try(var.root_volume.size_gib, null)), 1)) && can(coalesce(tobool(try(var.root_volume.kms_grant, null)), true))
    error_message = "root_volume: size_gib must be a number, and kms_grant true or false."
  }

  validation {
    condition     = try(var.root_volume.kms_key_id, null) == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.root_volume.kms_key_id))
    error_message = "root_volume.kms_key_id must be the ARN of a KMS key, like arn:aws:kms:eu-west-2:111122223333:key/0123abcd-…; an alias or a bare id cannot be granted to EC2 Auto Scaling."
  }
}

variable "service_linked_role_arn" {
  description = "Service-linked role of EC2 Auto Scaling, if it is not the account's default one (AWSServiceRoleForAutoScaling)."
  type        = string
  default     = null

  validation {
    condition     = var.service_linked_role_arn == null ? true : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/aws-service-role/autoscaling[.]amazonaws[.]com/", var.service_linked_role_arn))
    error_message = "service_linked_role_arn must be the ARN of a service-linked role of EC2 Auto Scaling: arn:aws:iam::ACCOUNT:role/aws-service-role/autoscaling.amazonaws.com/NAME."
  }
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

variable "max_instance_lifetime" {
  description = "Seconds after which an instance is replaced, so that a renewed certificate reaches it; 86400 at least. Default: 30 days for native nodes, never for NGINX nodes."
  type        = number
  default     = null

  validation {
    condition     = var.max_instance_lifetime == null ? true : var.max_instance_lifetime >= 86400 && var.max_instance_lifetime <= 31536000
    error_message = "max_instance_lifetime must be 86400 (a day) to 31536000 (a year) seconds."
  }
}

################################################################################
# Rights
################################################################################

variable "kms_key_arns" {
  description = "Keys of yours that the secrets are encrypted with; the nodes may decrypt with them, through Secrets Manager and Systems Manager only. Not needed for AWS's own keys."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "kms_key_arns must hold ARNs of keys, like arn:aws:kms:eu-west-2:111122223333:key/12345678-1234-1234-1234-123456789012."
  }
}

variable "iam_policy_arns" {
  description = "Further policies for the nodes' role, keyed by a word of yours; for example AmazonSSMManagedInstanceCore for a shell without SSH."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "iam_path" {
  description = "Path of the nodes' role and instance profile."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-.0-~]+/)*$", var.iam_path))
    error_message = "iam_path must begin and end with a slash, like /security/."
  }
}

variable "iam_permissions_boundary_arn" {
  description = "Policy that bounds the nodes' role, where the account wants one."
  type        = string
  default     = null

  validation {
    condition     = var.iam_permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam_permissions_boundary_arn))
    error_message = "iam_permissions_boundary_arn must be the ARN of a policy, like arn:aws:iam::111122223333:policy/boundary."
  }
}
