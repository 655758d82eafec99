################################################################################
# Names and place
################################################################################

variable "name_prefix" {
  description = "Prefix of every name this module gives, and value of the Name tags. Load balancers and target groups allow six characters of it; their Name tag has it whole."
  type        = string
  default     = "vpc-mirror"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 3 to 31 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags for every resource, the instances, their volumes and interfaces included. The provider's default_tags reach them too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not have keys that begin with aws: (AWS keeps them for itself, and refuses them halfway through an apply)."
  }
}

variable "vpc_id" {
  description = "VPC of the rebuilders and their load balancers."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must be a VPC ID, like vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  description = "Private subnets, in two Availability Zones at least, for the rebuilders and the internal load balancers. They need a way to S3, CloudWatch and the Amazon Linux repository: a NAT gateway, or endpoints (README)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2 && length(distinct(var.subnet_ids)) == length(var.subnet_ids)
    error_message = "subnet_ids must name two different subnets at least, each once: load balancers and rebuilders spread over Availability Zones."
  }

  validation {
    condition     = alltrue([for id in var.subnet_ids : startswith(id, "subnet-")])
    error_message = "subnet_ids must hold subnet IDs, like subnet-0123456789abcdef0."
  }
}

################################################################################
# Mirrored packets in
################################################################################

variable "mirrored_cidrs" {
  description = "IPv4 networks of the mirrored interfaces. Only they may send to UDP/4789 (the source of a mirrored packet is the primary address of its interface, and a load balancer cannot hide it for UDP)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.mirrored_cidrs) > 0
    error_message = "mirrored_cidrs must name at least one network that the mirrored interfaces live in; with none, no packet can come in."
  }

  validation {
    condition     = alltrue([for cidr in var.mirrored_cidrs : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "mirrored_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 10.0.1.0/24."
  }

  validation {
    condition     = alltrue([for cidr in var.mirrored_cidrs : try(tonumber(split("/", cidr)[1]) >= 8, true)])
    error_message = "mirrored_cidrs must not be wider than a /8: it says who may send packets to the rebuilders."
  }
}

variable "responses_mirrored" {
  description = "Whether the sessions mirror both directions. Responses are then paired with their requests, and the load balancer keeps each source interface on one rebuilder, so that both directions meet (one interface then never gets more than one instance's capacity)."
  type        = bool
  default     = false
  nullable    = false
}

variable "gateway_load_balancer" {
  description = "Adds a Gateway Load Balancer with an endpoint service, for sources of other VPCs and accounts without peering; {} for this account only, allowed_principals for others (ARNs, such as arn:aws:iam::111122223333:root). Its endpoint, made in the VPC of the sources, is gateway_load_balancer_endpoint_id of the sessions module there."
  type = object({
    allowed_principals = optional(list(string), [])
  })
  default = null

  validation {
    condition     = alltrue([for arn in try(var.gateway_load_balancer.allowed_principals, []) : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:.+$", arn))])
    error_message = "gateway_load_balancer.allowed_principals must hold ARNs of accounts, roles or users, like arn:aws:iam::111122223333:root."
  }
}

variable "deletion_protection" {
  description = "Protects the load balancers from being deleted; `terraform destroy` then needs it switched off first."
  type        = bool
  default     = false
  nullable    = false
}

################################################################################
# Detection: exactly one of detection_target_group_arn and mirror_endpoint
################################################################################

variable "detection_target_group_arn" {
  description = "HTTP target group of the detection nodes (port 8445 for Wallarm). An internal ALB on port 8445 is built in front of it. A target group belongs to one load balancer only: it must have none yet."
  type        = string
  default     = null

  validation {
    condition     = var.detection_target_group_arn == null ? true : can(regex("^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$", var.detection_target_group_arn))
    error_message = "detection_target_group_arn must be the ARN of a target group, like arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/nodes/0123456789abcdef."
  }
}

variable "mirror_endpoint" {
  description = "Address of detection nodes that exist already, like http://nodes.internal:8445. No ALB is built then. Must be known at plan, or be a string with a literal part."
  type        = string
  default     = null

  validation {
    condition     = var.mirror_endpoint == null ? true : can(regex("^http://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$", var.mirror_endpoint))
    error_message = "mirror_endpoint must be http://host:port, without a path."
  }
}

variable "mirror_endpoint_cidrs" {
  description = "Networks of mirror_endpoint and raw_endpoint, which the rebuilders may connect to. Default: the VPC's primary network."
  type        = list(string)
  default     = null

  validation {
    condition     = alltrue([for cidr in coalesce(var.mirror_endpoint_cidrs, []) : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "mirror_endpoint_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 10.0.8.0/24."
  }
}

variable "raw_path_enabled" {
  description = "Whether the NLB carries what an ALB would refuse or change (ambiguous framing, unusual methods, long heads) to raw_target_group_arn on TCP/8445. Default: true with detection_target_group_arn, else false."
  type        = bool
  default     = null
}

variable "raw_target_group_arn" {
  description = "TCP target group, port 8445, with the same detection nodes; for the raw path. It must have no load balancer yet."
  type        = string
  default     = null

  validation {
    condition     = var.raw_target_group_arn == null ? true : can(regex("^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$", var.raw_target_group_arn))
    error_message = "raw_target_group_arn must be the ARN of a TCP target group, like arn:aws:elasticloadbalancing:eu-west-2:111122223333:targetgroup/nodes-raw/0123456789abcdef."
  }
}

variable "raw_endpoint" {
  description = "Address of an L4 path to the nodes that exists already, like nodes-nlb.internal:8445; instead of raw_target_group_arn."
  type        = string
  default     = null

  validation {
    condition     = var.raw_endpoint == null ? true : can(regex("^[A-Za-z0-9.-]+:[0-9]{1,5}$", var.raw_endpoint))
    error_message = "raw_endpoint must be host:port."
  }
}

variable "ext_proc" {
  description = "Native nodes (`mode: envoy-external-filter`), which take whole exchanges over gRPC. `target_group_arn`: their TCP target group, port 5080; it gets a listener of the NLB and must have no load balancer yet. Or `endpoint`: https://host:port of nodes that exist already. `server_name`: the name in their certificate. `ca_pem`: the authorities that vouch for it, as PEM; default: the public ones. `beside_http`: deliver over HTTP as well, to detection_target_group_arn or mirror_endpoint."
  type = object({
    target_group_arn = optional(string)
    endpoint         = optional(string)
    server_name      = optional(string)
    ca_pem           = optional(string)
    beside_http      = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(var.ext_proc.endpoint, null) == null ? true : can(regex("^https?://[A-Za-z0-9.-]+:[0-9]{1,5}$", var.ext_proc.endpoint))
    error_message = "ext_proc.endpoint must be https://host:port (or http://host:port without TLS), without a path."
  }

  validation {
    condition     = try(var.ext_proc.ca_pem, null) == null ? true : can(regex("-----BEGIN CERTIFICATE-----", var.ext_proc.ca_pem))
    error_message = "ext_proc.ca_pem must hold certificates as PEM, for example file(\"ca.pem\")."
  }
}

variable "detection_cidrs" {
  description = "Networks of the detection nodes, which the ALB and the NLB may connect to. Default: the networks of subnet_ids."
  type        = list(string)
  default     = null

  validation {
    condition     = alltrue([for cidr in coalesce(var.detection_cidrs, []) : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "detection_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 10.0.8.0/24."
  }
}

variable "detection_ports" {
  description = "Ports of the detection nodes that the load balancers may connect to: traffic and health check. Default: those of wallarm-nodes and of examples/wallarm-node: 8445, 8448 and 9445 for NGINX nodes, 5080 and 8080 for native ones."
  type        = list(number)
  default     = null

  validation {
    condition     = var.detection_ports == null ? true : length(var.detection_ports) > 0 && alltrue([for port in var.detection_ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "detection_ports must hold whole numbers from 1 to 65535."
  }
}

variable "http_mirror_cidrs" {
  description = "Networks of web servers and proxies (NGINX, Envoy, Istio, Traefik) that may send HTTP mirrors to the ALB on port 8445. Default: none."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.http_mirror_cidrs : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "http_mirror_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 10.0.1.0/24."
  }
}

variable "alb_idle_timeout" {
  description = "Seconds that the ALB keeps an idle connection; the rebuilders close theirs earlier."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.alb_idle_timeout >= 10 && var.alb_idle_timeout <= 4000
    error_message = "alb_idle_timeout must be 10 to 4000 seconds."
  }
}

variable "alb_access_logs" {
  description = "S3 bucket for access logs of the ALB. Off by default: they hold the URLs of your traffic."
  type = object({
    bucket = string
    prefix = optional(string)
  })
  default = null
}

################################################################################
# Artifact: exactly one of artifact_file and artifact_s3_uri
################################################################################

variable "artifact_file" {
  description = "Local tarball of the service, built by `npm run package`. It is uploaded to a private bucket and checked by its SHA-256 on each instance."
  type        = string
  default     = null

  validation {
    condition     = var.artifact_file == null ? true : try(fileexists(var.artifact_file), false)
    error_message = "artifact_file does not name a file. Build it in the checkout with: npm ci && npm run package"
  }
}

variable "artifact_s3_uri" {
  description = "Tarball that is in S3 already, like s3://bucket/rebuilder/vpc-mirror-1.2.tar.gz; instead of artifact_file. artifact_sha256 is needed with it. Keep the previous one in the same folder, which the instances may read: it is needed if the new one fails."
  type        = string
  default     = null

  validation {
    condition     = var.artifact_s3_uri == null ? true : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=@:+-]+$", var.artifact_s3_uri))
    error_message = "artifact_s3_uri must be s3://bucket/key, with no spaces in the key."
  }
}

variable "artifact_sha256" {
  description = "SHA-256 of the tarball at artifact_s3_uri: 64 hexadecimal digits, from the .sha256 file that `npm run package` writes."
  type        = string
  default     = null

  validation {
    condition     = var.artifact_sha256 == null ? true : can(regex("^[0-9a-f]{64}$", var.artifact_sha256))
    error_message = "artifact_sha256 must be 64 lower-case hexadecimal digits, as in dist/*.sha256."
  }
}

variable "artifact_versions_kept" {
  description = "How many earlier tarballs of artifact_file stay in the bucket, so that the version before can still start while a new one comes up, or when it fails."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.artifact_versions_kept >= 1 && var.artifact_versions_kept <= 100 && floor(var.artifact_versions_kept) == var.artifact_versions_kept
    error_message = "artifact_versions_kept must be a whole number from 1 to 100."
  }
}

variable "artifact_includes_node" {
  description = "Whether the tarball brings Node itself (`npm run package -- --with-node`). Otherwise the instances install nodejs24 from the Amazon Linux repository."
  type        = bool
  default     = false
  nullable    = false
}

################################################################################
# Instances
################################################################################

variable "architecture" {
  description = "Processor of the rebuilders: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "instance_type" {
  description = "Instance type of the rebuilders. Default: c7g.large for arm64, c7i.large for x86_64."
  type        = string
  default     = null

  validation {
    condition     = var.instance_type == null ? true : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", var.instance_type))
    error_message = "instance_type must be an EC2 instance type, like c7g.large."
  }
}

variable "ami_id" {
  description = "Amazon Linux 2023 image of your choice. Default: the one that was the newest when this module was first applied, by its public SSM parameter; ami_update changes it."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null ? true : startswith(var.ami_id, "ami-")
    error_message = "ami_id must be an image ID, like ami-0123456789abcdef0."
  }
}

variable "ami_update" {
  description = "Whether the instances follow the newest Amazon Linux 2023 image: then any apply after Amazon published one replaces them. Otherwise they keep theirs, whatever else an apply changes. Switching it, either way, takes the newest image once."
  type        = bool
  default     = false
  nullable    = false
}

variable "root_volume" {
  description = "Root volume of the instances: size_gib (10), and kms_key_id, the ARN of a key of yours (default: the account's EBS key; it is always encrypted). EC2 Auto Scaling is then granted the use of the key, unless kms_grant is false because its policy allows it already."
  # A map, because Terraform drops an unknown key of an object without a word.
  type     = map(string)
  default  = { size_gib = 10 }
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
    condition     = coalesce(try(tonumber(var.root_volume.size_gib), null), 10) >= 8
    error_message = "root_volume.size_gib must be 8 or more: the Amazon Linux 2023 image has 8 GiB."
  }

  validation {
    condition     = try(var.root_volume.kms_key_id, null) == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.root_volume.kms_key_id))
    error_message = "root_volume.kms_key_id must be the ARN of a KMS key, like arn:aws:kms:eu-west-2:111122223333:key/0123abcd-…; an alias or a bare id cannot be granted to EC2 Auto Scaling."
  }
}

variable "service_linked_role_arn" {
  description = "Service-linked role of EC2 Auto Scaling, if it is not the account's default one (AWSServiceRoleForAutoScaling); for example one that a KMS key's policy names."
  type        = string
  default     = null

  validation {
    condition     = var.service_linked_role_arn == null ? true : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/aws-service-role/autoscaling[.]amazonaws[.]com/", var.service_linked_role_arn))
    error_message = "service_linked_role_arn must be the ARN of a service-linked role of EC2 Auto Scaling: arn:aws:iam::ACCOUNT:role/aws-service-role/autoscaling.amazonaws.com/NAME."
  }
}

variable "min_size" {
  description = "Smallest number of rebuilders; 2 at least, so that one may fail or be replaced."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.min_size >= 2 && floor(var.min_size) == var.min_size
    error_message = "min_size must be a whole number, 2 or more: with one rebuilder, replacing it loses traffic."
  }
}

variable "max_size" {
  description = "Largest number of rebuilders."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.max_size >= 2 && floor(var.max_size) == var.max_size
    error_message = "max_size must be a whole number, 2 or more."
  }
}

variable "scaling" {
  description = "Target tracking: cpu_percent, the average CPU; network_in_bytes_per_minute, the average bytes in of an instance; or both: the larger answer then wins. null: no scaling."
  # A map, because Terraform drops an unknown key of an object without a word.
  type    = map(number)
  default = { cpu_percent = 50 }

  validation {
    condition     = var.scaling == null ? true : length(setsubtract(keys(var.scaling), ["cpu_percent", "network_in_bytes_per_minute"])) == 0
    error_message = "scaling has keys that are not known: ${var.scaling == null ? "" : join(", ", setsubtract(keys(var.scaling), ["cpu_percent", "network_in_bytes_per_minute"]))}. It takes cpu_percent and network_in_bytes_per_minute."
  }

  validation {
    condition     = var.scaling == null ? true : anytrue([for value in values(var.scaling) : value != null])
    error_message = "scaling has neither cpu_percent nor network_in_bytes_per_minute. Set one of them, or scaling = null for a group that does not scale."
  }

  validation {
    condition     = try(var.scaling.cpu_percent, null) == null ? true : var.scaling.cpu_percent >= 10 && var.scaling.cpu_percent <= 90
    error_message = "scaling.cpu_percent must be 10 to 90, or null."
  }

  validation {
    condition     = try(var.scaling.network_in_bytes_per_minute, null) == null ? true : var.scaling.network_in_bytes_per_minute > 0
    error_message = "scaling.network_in_bytes_per_minute must be more than 0, or null."
  }
}

variable "drain_seconds" {
  description = "How long an instance that is to go keeps running after the load balancer has taken its flows away, to deliver what it holds."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.drain_seconds >= 30 && var.drain_seconds <= 3600
    error_message = "drain_seconds must be 30 to 3600."
  }
}

variable "wait_for_healthy" {
  description = "Whether an apply waits until the new rebuilders answer their health check, and fails if they do not; those of the version before keep running then. false: they go at once, whatever becomes of the new ones."
  type        = bool
  default     = true
  nullable    = false
}

variable "ssm_enabled" {
  description = "Lets operators open a shell with AWS Systems Manager Session Manager. Off by default; no SSH port is ever opened."
  type        = bool
  default     = false
  nullable    = false
}

variable "https_egress_cidrs" {
  description = "Networks that the rebuilders may reach on TCP/443: S3, CloudWatch and the Amazon Linux repository. Narrow it when VPC endpoints are used."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.https_egress_cidrs : try(cidrnetmask(cidr) != "" && cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "https_egress_cidrs must hold IPv4 networks in CIDR notation, without host bits, like 10.0.0.0/16."
  }
}

variable "https_egress_prefix_list_ids" {
  description = "Prefix lists that the rebuilders may reach on TCP/443, such as that of the VPC's S3 gateway endpoint (its attribute prefix_list_id). With https_egress_cidrs, the networks of interface endpoints, a VPC needs no way to the internet."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.https_egress_prefix_list_ids : can(regex("^pl-[0-9a-f]+$", id))])
    error_message = "https_egress_prefix_list_ids must hold prefix list IDs, like pl-7ca54015."
  }
}

variable "iam_path" {
  description = "Path of the role and the instance profile, where an organisation's policies want one."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.,+@=-]+/)*$", var.iam_path))
    error_message = "iam_path must begin and end with a slash, like /service/."
  }
}

variable "iam_permissions_boundary_arn" {
  description = "Policy that bounds what the role may ever do, where an organisation's policies want one."
  type        = string
  default     = null

  validation {
    condition     = var.iam_permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam_permissions_boundary_arn))
    error_message = "iam_permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "iam_policy_arns" {
  description = "Further policies for the instances' role, keyed by a word of yours; for example kms:Decrypt for an artifact under a key of yours."
  type        = map(string)
  default     = {}
  nullable    = false
}

################################################################################
# The service's configuration (docs/configuration.md has every key)
################################################################################

variable "config" {
  description = "Configuration of the rebuilder, written to /etc/vpc-mirror/wallarm-node-conf.yaml. Names are those of the file."
  type = object({
    vni_filter = optional(list(number))
    ignore_ips = optional(list(object({
      subnets    = list(string)
      match_type = optional(string, "src_and_dst")
    })))
    response_timeout = optional(string)
    proxy_headers = optional(list(object({
      trusted_networks = list(string)
      original_host    = optional(list(string), [])
      real_ip          = optional(list(string), [])
    })))
    proxy_protocol = optional(list(object({
      trusted_networks = list(string)
      ports            = list(number)
    })))
    routes_off = optional(list(string))
    log_level  = optional(string)
  })
  default  = { log_level = "info" }
  nullable = false

  validation {
    condition     = anytrue([for value in values(var.config) : value != null])
    error_message = "config has none of the keys ${join(", ", keys(var.config))}; Terraform drops a misspelt one without a word. Any other key of the file goes into config_extra."
  }

  validation {
    condition     = alltrue([for vni in coalesce(var.config.vni_filter, []) : vni >= 0 && vni <= 16777215 && floor(vni) == vni])
    error_message = "config.vni_filter must hold whole numbers from 0 to 16777215."
  }

  validation {
    condition     = alltrue([for rule in coalesce(var.config.ignore_ips, []) : contains(["src", "dst", "src_or_dst", "src_and_dst"], rule.match_type)])
    error_message = "config.ignore_ips[].match_type must be src, dst, src_or_dst or src_and_dst."
  }

  validation {
    condition     = alltrue([for rule in coalesce(var.config.proxy_headers, []) : length(rule.original_host) + length(rule.real_ip) > 0])
    error_message = "config.proxy_headers[] has neither real_ip nor original_host, and would do nothing; Terraform drops a misspelt key without a word."
  }

  validation {
    condition = alltrue([
      for cidr in flatten([
        coalesce(var.config.ignore_ips, [])[*].subnets, coalesce(var.config.proxy_headers, [])[*].trusted_networks,
        coalesce(var.config.proxy_protocol, [])[*].trusted_networks,
      ]) : can(cidrhost(cidr, 0))
    ])
    error_message = "config.ignore_ips[].subnets and the trusted_networks of config.proxy_headers and config.proxy_protocol must be networks in CIDR notation, like 10.20.0.0/16."
  }

  validation {
    condition     = alltrue([for port in flatten(coalesce(var.config.proxy_protocol, [])[*].ports) : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "config.proxy_protocol[].ports must hold whole numbers from 1 to 65535."
  }

  validation {
    condition     = contains(["debug", "info", "warn", "error"], coalesce(var.config.log_level, "info"))
    error_message = "config.log_level must be debug, info, warn or error."
  }
}

variable "config_extra" {
  description = "Any further keys of the configuration file, as the file has them; for example { limits = { memory = \"1GiB\" }, forward = { sample = 0.5 } }. A key given here replaces the one made from other inputs; sections are joined. A key that the file does not have is an error."
  type        = any
  default     = {}
  nullable    = false
}

variable "exchanges" {
  description = "Keeps each request, and its response with responses_mirrored, in a private bucket made for it, with a table over it for Athena (docs/queries.md). {} for the defaults: objects go after expiration_days (30), are encrypted by S3 itself or with the KMS key kms_key_arn, and are written every interval (5m). With force_destroy the bucket goes with all that is in it. They hold what clients sent: name secrets in config_extra.forward.redact."
  type = object({
    expiration_days = optional(number, 30)
    kms_key_arn     = optional(string)
    interval        = optional(string)
    force_destroy   = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(var.exchanges.expiration_days >= 1 && floor(var.exchanges.expiration_days) == var.exchanges.expiration_days, true)
    error_message = "exchanges.expiration_days must be a whole number of 1 or more."
  }

  validation {
    condition     = try(var.exchanges.kms_key_arn, null) == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.exchanges.kms_key_arn))
    error_message = "exchanges.kms_key_arn must be the ARN of a KMS key, like arn:aws:kms:eu-west-2:111122223333:key/0123abcd-…: the instances are given the use of it, which an alias cannot say."
  }

  validation {
    condition     = try(var.exchanges.interval, null) == null ? true : can(regex("^[0-9]+(s|m|h)$", var.exchanges.interval))
    error_message = "exchanges.interval must be a duration such as 90s or 5m."
  }
}

variable "loop_key_parameter" {
  description = "Name of an SSM SecureString parameter with the key of the loop marker, shared by all rebuilders of a deployment. Default: each process makes its own."
  type        = string
  default     = null

  validation {
    condition     = var.loop_key_parameter == null ? true : can(regex("^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.loop_key_parameter))
    error_message = "loop_key_parameter must be the name of an SSM parameter, like /vpc-mirror/loop-key."
  }
}

################################################################################
# Logs, metrics, alarms
################################################################################

variable "log_retention_in_days" {
  description = "Days that CloudWatch keeps the rebuilders' logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_kms_key_arn" {
  description = "KMS key for the log groups; its policy must allow CloudWatch Logs. Default: encrypted by the service."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn must be the ARN of a KMS key, like arn:aws:kms:eu-west-2:111122223333:key/0123abcd-…; CloudWatch Logs takes no alias and no bare id."
  }
}

variable "dashboard_enabled" {
  description = "Whether a CloudWatch dashboard is made."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarms_enabled" {
  description = "Whether CloudWatch alarms are made."
  type        = bool
  default     = true
  nullable    = false
}

variable "silence_alarms_enabled" {
  description = "Whether silence is an alarm, too: no packet arrives, packets are lost on the way, a rebuilder does not report, a source with a session is not mirrored. Switch it off for systems that are idle for hours by nature."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_thresholds" {
  description = "From where on an alarm goes off: requests_lost (0; of exchanges for native nodes, too), datagrams_lost (0), skipped_bytes (0), second_readings (0; requests that servers may read in two ways, and readings beyond the limit), of all rebuilders together in a minute; busiest_percent (85), of the busiest one; silent_minutes (30), of silence."
  # A map, because Terraform drops an unknown key of an object without a word.
  type     = map(number)
  default  = { requests_lost = 0, datagrams_lost = 0, skipped_bytes = 0, second_readings = 0, busiest_percent = 85, silent_minutes = 30 }
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.alarm_thresholds), ["requests_lost", "datagrams_lost", "skipped_bytes", "second_readings", "busiest_percent", "silent_minutes"])) == 0
    error_message = "alarm_thresholds has keys that are not known: ${join(", ", setsubtract(keys(var.alarm_thresholds), ["requests_lost", "datagrams_lost", "skipped_bytes", "second_readings", "busiest_percent", "silent_minutes"]))}. It takes requests_lost, datagrams_lost, skipped_bytes, second_readings, busiest_percent and silent_minutes."
  }

  validation {
    condition     = coalesce(lookup(var.alarm_thresholds, "silent_minutes", null), 30) >= 5 && coalesce(lookup(var.alarm_thresholds, "silent_minutes", null), 30) <= 1440
    error_message = "alarm_thresholds.silent_minutes must be 5 to 1440."
  }
}

variable "alarm_actions" {
  description = "ARNs that an alarm notifies when it goes off and when it is over, such as an SNS topic's."
  type        = list(string)
  default     = []
  nullable    = false
}
