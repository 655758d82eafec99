# NGINX nodes: the vendor's own cloud-init script of the image, preset "custom", with the NGINX configuration from templates/.

locals {
  # "7" of "7", "7.1", "7.1.0".
  node_major = tonumber(split(".", var.node_version)[0])

  # What the node says of itself: wd's readiness since 7, the metrics of its postanalytics since 6, before that its NGINX module's statistics.
  node_health_url = (
    local.node_major >= 7 ? "http://127.0.0.1:9446/ready" :
    local.node_major == 6 ? "http://127.0.0.1:9001/metrics" : "http://127.0.0.8/wallarm-status"
  )

  node_conf = templatefile("${path.module}/templates/node.conf.tftpl", {
    mode       = var.mode
    tenants    = sort(var.tenants)
    health_url = local.node_health_url
    mirror = trimspace(templatefile("${path.module}/templates/mirror.conf.tftpl", {
      # The senders whose X-Forwarded-For a node believes: the ALB (its subnets) and the rebuilders on the raw path.
      trusted_cidrs = distinct(data.aws_subnet.this[*].cidr_block)
    }))
  })

  nginx_setup = templatefile("${path.module}/templates/nginx.sh.tftpl", { host = var.host, mode = var.mode, node_conf = local.node_conf })
}
