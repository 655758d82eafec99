locals {
  config = merge(
    {
      version = 4
      mode    = "tcp-capture-v2"
      tcp_stream = {
        from_vxlan = {
          enabled     = true
          listen_addr = "0.0.0.0:4789"
          vni_filter  = var.config.vni_filter
        }
        ignore_ips       = var.config.ignore_ips
        parse_responses  = var.responses_mirrored
        response_timeout = var.config.response_timeout
      }
      proxy_headers  = var.config.proxy_headers
      proxy_protocol = var.config.proxy_protocol
      route_config   = { routes = [for route in var.config.routes_off : { route = route, wallarm_mode = "off" }] }
      forward = merge(
        { endpoint = local.mirror_endpoint, raw_endpoint = local.raw_endpoint },
        var.loop_key_parameter == null ? {} : { loop_key_file = "/etc/vpc-mirror/loop.key" },
      )
      log          = { pretty = false, level = var.config.log_level, log_file = "/var/log/vpc-mirror/rebuilder.log" }
      metrics      = { enabled = true, listen_address = "127.0.0.1:9000" }
      health_check = { enabled = true, listen_address = ":9445" }
    },
    var.config_extra,
  )

  config_yaml = yamlencode(local.config)

  user_data = templatefile("${path.module}/templates/cloud-init.sh.tftpl", {
    artifact_s3_uri    = local.artifact_s3_uri
    artifact_sha256    = coalesce(local.artifact_sha256, "none")
    region             = data.aws_region.current.name
    install_node       = !var.artifact_includes_node
    loop_key_parameter = var.loop_key_parameter
    config_yaml        = local.config_yaml
    agent_json = templatefile("${path.module}/templates/cloudwatch-agent.json.tftpl", {
      namespace         = local.metrics_namespace
      deployment        = var.name_prefix
      log_group         = aws_cloudwatch_log_group.rebuilder.name
      metrics_log_group = aws_cloudwatch_log_group.metrics.name
    })
    prometheus_yaml = templatefile("${path.module}/templates/prometheus.yaml.tftpl", { deployment = var.name_prefix })
  })
}
