################################################################################
# Place
################################################################################

variable "region" {
  description = "AWS region of the mirrored instances."
  type        = string
}

variable "name_prefix" {
  description = "Prefix of every name; two deployments in one account need two."
  type        = string
  default     = "vpc-mirror"
}

variable "tags" {
  description = "Tags for every resource."
  type        = map(string)
  default     = {}
}

variable "vpc_id" {
  description = "VPC of the mirrored instances; rebuilders and nodes are put there too."
  type        = string
}

variable "private_subnet_ids" {
  description = "Private subnets in two Availability Zones at least, with a way out (NAT) to the Wallarm Cloud, S3 and CloudWatch."
  type        = list(string)
}

variable "iam_path" {
  description = "Path of the roles and instance profiles, where an organisation's policies want one."
  type        = string
  default     = "/"
}

variable "iam_permissions_boundary_arn" {
  description = "Policy that bounds what the roles may ever do, where an organisation's policies want one."
  type        = string
  default     = null
}

################################################################################
# What is mirrored (which interfaces: interfaces.tf)
################################################################################

variable "asg_names" {
  description = "Auto Scaling groups whose instances are mirrored."
  type        = set(string)
  default     = []
}

variable "mirrored_cidrs" {
  description = "Networks of the mirrored interfaces (their subnets, or the VPC's); only they may send packets to the rebuilders."
  type        = list(string)
}

variable "mirrored_ports" {
  description = "TCP ports, or ranges such as \"8080-8090\", on which the mirrored instances take plain HTTP; five at most, two with responses_mirrored, and twice as many without IPv6."
  type        = list(string)
  default     = ["80"]
}

variable "ipv6_enabled" {
  description = "Mirror requests that come over IPv6, too."
  type        = bool
  default     = true
}

variable "responses_mirrored" {
  description = "Mirror the responses too: twice the traffic, and each interface is then handled by one rebuilder. Default: true with node = \"native\", which inspects them, else false."
  type        = bool
  default     = null
}

variable "virtual_network_id" {
  description = "VXLAN network identifier of the sessions; rebuilders take no other."
  type        = number
  default     = 1377
}

variable "proxy_cidrs" {
  description = "Networks of load balancers and proxies in front of the mirrored instances, whose X-Forwarded-For names the client."
  type        = list(string)
  default     = []
}

variable "proxy_protocol" {
  description = "Networks of load balancers that send the PROXY protocol (v1 or v2), and the ports they send it to."
  type        = list(object({ trusted_networks = list(string), ports = list(number) }))
  default     = []
}

variable "http_mirror_cidrs" {
  description = "Networks of web servers that send HTTP mirrors of their own to the same nodes (output mirror_snippets)."
  type        = list(string)
  default     = []
}

variable "reconcile" {
  description = <<-EOT
    Sessions that follow the fleet: a Lambda function gives new instances theirs within seconds, and takes it from those that are
    gone or stopped. All sessions are then its own, and a scaled group changes no plan. {} is enough. `artifact_file`: default
    dist/vpc-mirror-reconciler.zip of this checkout, which `npm run package` builds; the rest as in vpc-mirror-sessions.
    null: Terraform makes the sessions, and they are as old as the last apply.
  EOT
  type = object({
    artifact_file     = optional(string)
    every_minutes     = optional(number)
    stopped_instances = optional(string)
    runtime           = optional(string)
  })
  default = null
}

variable "allow_no_network_interfaces" {
  description = "Accept that no interface is picked, for a group scaled to zero."
  type        = bool
  default     = false
}

################################################################################
# Rebuilders
################################################################################

variable "artifact_file" {
  description = "Tarball of the service. Default: dist/vpc-mirror.tar.gz of this checkout, which `npm run package` builds."
  type        = string
  default     = null
}

variable "artifact_s3_uri" {
  description = "Tarball in S3, instead of artifact_file; needs artifact_sha256."
  type        = string
  default     = null
}

variable "artifact_sha256" {
  description = "SHA-256 of the tarball at artifact_s3_uri."
  type        = string
  default     = null
}

variable "artifact_includes_node" {
  description = "Whether the tarball was built with --with-node."
  type        = bool
  default     = false
}

variable "architecture" {
  description = "Processor of the rebuilders: arm64 or x86_64."
  type        = string
  default     = "arm64"
}

variable "rebuilder_instance_type" {
  description = "Instance type of the rebuilders. Default: c7g.large, or c7i.large for x86_64."
  type        = string
  default     = null
}

variable "rebuilder_min_size" {
  description = "Smallest number of rebuilders."
  type        = number
  default     = 2
}

variable "rebuilder_max_size" {
  description = "Largest number of rebuilders."
  type        = number
  default     = 6
}

variable "rebuilder_config_extra" {
  description = "Further keys of the rebuilders' configuration (docs/configuration.md), such as { route_config = { wallarm_application = \"7\" } }."
  type        = any
  default     = {}
}

variable "ssm_enabled" {
  description = "Let AWS Systems Manager open sessions on the rebuilders: a shell, or a forwarded port for `vpc-mirror doctor --canary`."
  type        = bool
  default     = false
}

variable "alarm_actions" {
  description = "ARNs that the alarms notify, such as an SNS topic's."
  type        = list(string)
  default     = []
}

################################################################################
# Detection
################################################################################

variable "node" {
  description = "Where traffic goes. \"nginx\": Wallarm NGINX nodes, made here, get requests. \"native\": Wallarm native nodes, made here, get whole exchanges, responses included. \"endpoint\": nodes that exist already, at mirror_endpoint."
  type        = string
  default     = "nginx"

  validation {
    condition     = contains(["nginx", "native", "endpoint"], var.node)
    error_message = "node must be nginx, native or endpoint."
  }
}

variable "mirror_endpoint" {
  description = "With node = \"endpoint\": address of the detection nodes, like http://nodes.internal:8445. No Wallarm node is made then, and no token is needed."
  type        = string
  default     = null
}

variable "native" {
  description = "With node = \"native\". server_name: the name in the nodes' certificate. The certificate: certificate_secret_arn, a secret with certificate, chain and private key as PEM, or acm_certificate_arn, an exportable one. ca_file: a file here with the authority that signed it, if it is not a public one. installer: the vendor's all-in-one installer and its SHA-256; without it, node_ami_id is the vendor's image."
  type = object({
    server_name            = string
    certificate_secret_arn = optional(string)
    acm_certificate_arn    = optional(string)
    ca_file                = optional(string)
    installer              = optional(object({ url = string, sha256 = string }))
  })
  default = null

  validation {
    condition     = try(var.native.ca_file, null) == null ? true : fileexists(var.native.ca_file)
    error_message = "native.ca_file does not name a file."
  }
}

variable "token_secret_arn" {
  description = "ARN of the Secrets Manager secret, or of the SSM parameter, that holds the Wallarm token: an API token of the usage type Node deployment/Deployment, or a node token. It is neither in the Terraform state nor in user data."
  type        = string
  default     = null
}

variable "token" {
  description = "Wallarm token itself, instead of token_secret_arn. It lands in the Terraform state and in the nodes' user data."
  type        = string
  default     = null
  sensitive   = true
}

variable "kms_key_arns" {
  description = "Keys of yours that the secrets are encrypted with; not needed for AWS's own keys."
  type        = list(string)
  default     = []
}

variable "host" {
  description = "Wallarm API: api.wallarm.com (EU Cloud), us1.api.wallarm.com (US Cloud)."
  type        = string
  default     = "api.wallarm.com"
}

variable "wallarm_version" {
  description = "NGINX nodes: version of the image in AWS Marketplace, which must be subscribed to: \"7\", or more exactly \"7.1\"."
  type        = string
  default     = "7"
}

variable "wallarm_labels" {
  description = "WALLARM_LABELS of the nodes, such as { group = \"shop\" }. They count with an API token."
  type        = map(string)
  default     = {}
}

variable "wallarm_tenants" {
  description = "NGINX nodes: UUIDs of the tenants that the rebuilders' routes name (rebuilder_config_extra.route_config)."
  type        = set(string)
  default     = []
}

variable "api_discovery_only" {
  description = "Only API Discovery: attacks are not sent to the Wallarm Cloud. NGINX node 5.3.7 and newer, native node 0.12.1 and newer."
  type        = bool
  default     = false
}

variable "node_ami_id" {
  description = "Image of the nodes. Default: the newest Marketplace image of wallarm_version at the first apply, or Amazon Linux 2023 for native nodes; kept until ami_update."
  type        = string
  default     = null
}

variable "ami_update" {
  description = "Whether rebuilders and nodes follow the newest images: an apply after one was published then replaces them. Otherwise those of the first apply are kept."
  type        = bool
  default     = false
}

variable "node_instance_type" {
  description = "Instance type of the nodes, x86_64."
  type        = string
  default     = "t3.medium"
}

variable "node_min_size" {
  description = "Smallest number of nodes."
  type        = number
  default     = 2
}

variable "node_max_size" {
  description = "Largest number of nodes."
  type        = number
  default     = 4
}
