locals {
  mirror_host = regex("^http://([^:/]+)", local.mirror_endpoint)[0]
  mirror_port = local.alb_enabled ? 8445 : local.mirror_endpoint_port

  mirror_snippets = {
    for product, file in { nginx = "nginx.conf", envoy = "envoy.yaml", istio = "istio.yaml", traefik = "traefik.yaml" } :
    product => templatefile("${path.module}/snippets/${file}.tftpl", { host = local.mirror_host, port = local.mirror_port })
  }
}
