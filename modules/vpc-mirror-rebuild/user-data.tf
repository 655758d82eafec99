locals {
  config_of_inputs = merge({
    version = 4
    mode    = "tcp-capture-v2"
    tcp_stream = merge(local.gwlb_enabled ? {
      from_geneve = {
        enabled          = true
        listen_addr      = "0.0.0.0:6081"
        inner_vni_filter = coalesce(var.config.vni_filter, [])
      }
      } : {}, {
      from_vxlan = {
        enabled     = true
        listen_addr = "0.0.0.0:4789"
        vni_filter  = coalesce(var.config.vni_filter, [])
      }
      ignore_ips       = coalesce(var.config.ignore_ips, [])
      parse_responses  = var.responses_mirrored
      response_timeout = coalesce(var.config.response_timeout, "5s")
    })
    proxy_headers  = coalesce(var.config.proxy_headers, [])
    proxy_protocol = coalesce(var.config.proxy_protocol, [])
    route_config   = { routes = [for route in coalesce(var.config.routes_off, []) : { route = route, wallarm_mode = "off" }] }
    forward        = var.loop_key_parameter == null ? {} : { loop_key_file = "/etc/vpc-mirror/loop.key" }
    log            = { pretty = false, level = coalesce(var.config.log_level, "info"), log_file = "/var/log/vpc-mirror/rebuilder.log" }
    metrics        = { enabled = true, listen_address = "127.0.0.1:9000" }
    health_check   = { enabled = true, listen_address = ":9445" }
    }, local.exchanges_enabled ? {
    exchanges = { file = "/var/lib/vpc-mirror/exchanges.jsonl", s3 = local.exchanges_config }
  } : {})

  # Sections are joined, and sections of sections; anything else of config_extra takes the place of what is there.
  # The endpoints come last, because `try` of what is not known yet is not known at all.
  config_without_endpoints = {
    for key in setunion(keys(local.config_of_inputs), keys(var.config_extra)) : key => try(
      {
        for name in setunion(keys(local.config_of_inputs[key]), keys(var.config_extra[key])) : name => try(
          merge(local.config_of_inputs[key][name], var.config_extra[key][name]),
          var.config_extra[key][name],
          local.config_of_inputs[key][name],
        )
      },
      var.config_extra[key],
      local.config_of_inputs[key],
    )
  }
  config = merge(local.config_without_endpoints, local.exchanges_enabled ? {
    exchanges = merge(local.config_without_endpoints.exchanges, {
      s3 = merge({ bucket = local.exchanges_bucket }, local.config_without_endpoints.exchanges.s3)
    })
    } : {}, {
    forward = merge(
      { endpoint = local.mirror_endpoint, raw_endpoint = local.raw_endpoint },
      local.config_without_endpoints.forward,
      { for key, settings in local.ext_proc_settings : key => merge({ endpoint = local.ext_proc_endpoint }, settings) },
    )
  })

  config_yaml = yamlencode(local.config)

  user_data_inputs = {
    artifact_s3_uri     = local.artifact_s3_uri
    artifact_bucket     = local.artifact_bucket
    artifact_key        = local.artifact_key
    artifact_version_id = local.artifact_version_id
    artifact_sha256     = coalesce(local.artifact_sha256, "none")
    region              = data.aws_region.current.name
    install_node        = !var.artifact_includes_node
    loop_key_parameter  = var.loop_key_parameter
    config_yaml         = local.config_yaml
    ext_proc_ca_file    = local.ext_proc_ca_file
    ext_proc_ca_pem     = try(trimspace(var.ext_proc.ca_pem), "")
    agent_json = templatefile("${path.module}/templates/cloudwatch-agent.json.tftpl", {
      namespace         = local.metrics_namespace
      deployment        = var.name_prefix
      log_group         = aws_cloudwatch_log_group.rebuilder.name
      metrics_log_group = aws_cloudwatch_log_group.metrics.name
    })
    prometheus_yaml = templatefile("${path.module}/templates/prometheus.yaml.tftpl", { deployment = var.name_prefix })
  }
  user_data_template = "${path.module}/templates/cloud-init.sh.tftpl"
  user_data          = templatefile(local.user_data_template, local.user_data_inputs)

  # The same with the longest names in place of those that AWS gives in the apply, so that the plan knows whether EC2 will take it.
  long_name = sha512("")
  user_data_longest = templatefile(local.user_data_template, merge(local.user_data_inputs, {
    config_yaml = yamlencode(merge(local.config_without_endpoints, local.exchanges_enabled ? {
      exchanges = merge(local.config_without_endpoints.exchanges, {
        s3 = merge({ bucket = substr(local.long_name, 0, 63) }, local.config_without_endpoints.exchanges.s3)
      })
      } : {}, {
      forward = merge(
        { endpoint = "http://${local.long_name}:65535", raw_endpoint = "${local.long_name}:65535" },
        local.config_without_endpoints.forward,
        { for key, settings in local.ext_proc_settings : key => merge({ endpoint = "https://${local.long_name}:65535" }, settings) },
      )
    }))
    artifact_bucket     = local.long_name
    artifact_version_id = local.artifact_upload ? local.long_name : null
  }))

  # Strings have a length in characters, base64 one in bytes. Compressed only where needed: what is compressed depends on
  # Terraform's own version, and other bytes are new instances.
  user_data_gzip       = length(base64encode(local.user_data_longest)) / 4 * 3 - 2 > 16384
  user_data_gzip_bytes = length(base64gzip(local.user_data_longest)) / 4 * 3
}
