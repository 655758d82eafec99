variable "upstream" {
  type    = string
  default = "4.8"
}

variable "app_name" {
  type    = string
  default = "wallarm"
}

variable "app_name_no_template" {
  type    = bool
  default = false
}

variable "vpc_id" {
  type = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "The vpc_id must be a VPC id."
  }
}

variable "lb_subnet_ids" {
  type    = list(string)
  default = []
}

variable "instance_subnet_ids" {
  type    = list(string)
  default = []
}

variable "lb_enabled" {
  type    = bool
  default = true
}

variable "lb_internal" {
  type    = bool
  default = false
}

variable "lb_deletion_protection" {
  type    = bool
  default = true
}

variable "lb_ssl_enabled" {
  type    = bool
  default = false
}

variable "lb_ssl_policy" {
  type    = string
  default = "ELBSecurityPolicy-TLS-1-2-Ext-2018-06"
}

variable "lb_certificate_arn" {
  type    = string
  default = ""
}

variable "lb_xff_header_processing_mode" {
  type    = string
  default = null
}

variable "custom_target_group" {
  type    = string
  default = ""
}

variable "inbound_allowed_ip_ranges" {
  type    = list(string)
  default = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
}

variable "outbound_allowed_ip_ranges" {
  type    = list(string)
  default = ["0.0.0.0/0"]
}

variable "extra_ports" {
  type    = list(number)
  default = []
}

variable "extra_public_ports" {
  type    = list(number)
  default = []
}

variable "extra_policies" {
  type    = list(string)
  default = []
}

variable "source_ranges" {
  type    = list(string)
  default = ["0.0.0.0/0"]
}

variable "https_redirect_code" {
  type    = number
  default = 0
}

variable "asg_enabled" {
  type    = bool
  default = true
}

variable "min_size" {
  type    = number
  default = 1
}

variable "max_size" {
  type    = number
  default = 3
}

variable "desired_capacity" {
  type    = number
  default = 1
}

variable "autoscaling_enabled" {
  type    = bool
  default = false
}

variable "autoscaling_cpu_target" {
  type    = string
  default = "70.0"
}

variable "instance_type" {
  type = string
}

variable "ami_id" {
  type    = string
  default = ""
}

variable "key_name" {
  type    = string
  default = ""
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "token" {
  type = string
}

variable "host" {
  type    = string
  default = ""
}

variable "preset" {
  type    = string
  default = "proxy"

  validation {
    condition     = contains(["proxy", "mirror", "custom"], var.preset)
    error_message = "The preset can be only proxy, mirror or custom."
  }
}

variable "proxy_pass" {
  type    = string
  default = ""
}

variable "mode" {
  type    = string
  default = "monitoring"
}

variable "libdetection" {
  type    = bool
  default = false
}

variable "global_snippet" {
  type    = string
  default = ""
}

variable "http_snippet" {
  type    = string
  default = ""
}

variable "server_snippet" {
  type    = string
  default = ""
}

variable "post_script" {
  type    = string
  default = ""
}

variable "lb_logs_enabled" {
  type    = bool
  default = false
}

variable "lb_logs_s3_bucket" {
  type    = string
  default = ""
}

variable "lb_logs_prefix" {
  type    = string
  default = ""
}
