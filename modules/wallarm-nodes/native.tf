# Native nodes: the vendor's all-in-one installer, `mode: envoy-external-filter`.

locals {
  native_config = merge(
    {
      version = 4
      mode    = "envoy-external-filter"
      envoy_external_filter = {
        address  = ":5080"
        tls_cert = "/etc/wallarm-node/tls-cert.crt"
        tls_key  = "/etc/wallarm-node/tls-key.key"
      }
      route_config = { wallarm_mode = var.mode }
      health_check = { enabled = true, listen_address = ":8080" }
    },
    var.config,
  )

  native_setup = !local.native ? "" : templatefile("${path.module}/templates/native.sh.tftpl", {
    acm_certificate_arn = try(var.certificate.acm_certificate_arn, null)
    certificate_region  = try(split(":", var.certificate.acm_certificate_arn)[3], "")
    certificate_command = local.secret_commands.certificate
    config_yaml         = yamlencode(local.native_config)
    installer           = var.installer
    host                = var.host
  })
}
