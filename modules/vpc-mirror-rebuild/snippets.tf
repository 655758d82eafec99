# The files of examples/http-mirror, which its tests run, with this deployment's endpoint in place of the example's. The module has
# copies, so that it stands alone; a test keeps them equal.

locals {
  mirror_host = try(regex("^http://([^:/]+)", local.mirror_endpoint)[0], "")
  mirror_port = local.alb_enabled ? 8445 : local.mirror_endpoint_port

  mirror_snippet_files = {
    nginx   = ["nginx/mirror-relay.conf", "nginx/mirror.conf"]
    envoy   = ["envoy/envoy.yaml"]
    istio   = ["istio/mirror.yaml"]
    haproxy = ["haproxy/haproxy.cfg", "haproxy/mirror.lua"]
    traefik = ["traefik/dynamic.yml"]
  }

  mirror_snippets = !local.http_enabled ? {} : {
    for product, names in local.mirror_snippet_files : product => join("\n", [
      for name in names : "#### ${name}\n${replace(
        replace(file("${path.module}/http-mirror/${name}"), "mirror.internal.example", local.mirror_host),
        "8445", local.mirror_port,
      )}"
    ])
  }
}
