# Keys of config_extra that the configuration file does not have. The file of known keys is written from the service's own schema.

locals {
  # The names in each section; "" is the whole file. A name that is no section holds a value, and is not looked into.
  config_names = jsondecode(file("${path.module}/config-keys.json"))

  # Level by level, because the language has no recursion. A section may be a list of sections, and routes nest in routes.
  config_level_1 = [for name in keys(var.config_extra) : { section = "", name = name, path = name, value = var.config_extra[name] }]
  config_level_2 = flatten([
    for key in local.config_level_1 : [
      for section in flatten([
        [for whole in [key.value] : whole if can(keys(whole))],
        try([for index in range(length(key.value)) : key.value[index] if can(keys(key.value[index]))], []),
        ]) : [
        for name in keys(section) : { section = key.path, name = name, path = "${key.path}.${name}", value = section[name] }
      ]
    ] if contains(keys(local.config_names), key.path)
  ])
  config_level_3 = flatten([
    for key in local.config_level_2 : [
      for section in flatten([
        [for whole in [key.value] : whole if can(keys(whole))],
        try([for index in range(length(key.value)) : key.value[index] if can(keys(key.value[index]))], []),
        ]) : [
        for name in keys(section) : { section = key.path, name = name, path = replace("${key.path}.${name}", ".routes.routes", ".routes"), value = section[name] }
      ]
    ] if contains(keys(local.config_names), key.path)
  ])
  config_level_4 = flatten([
    for key in local.config_level_3 : [
      for section in flatten([
        [for whole in [key.value] : whole if can(keys(whole))],
        try([for index in range(length(key.value)) : key.value[index] if can(keys(key.value[index]))], []),
        ]) : [
        for name in keys(section) : { section = key.path, name = name, path = replace("${key.path}.${name}", ".routes.routes", ".routes"), value = section[name] }
      ]
    ] if contains(keys(local.config_names), key.path)
  ])

  unknown_config_keys = {
    for key in concat(local.config_level_1, local.config_level_2, local.config_level_3, local.config_level_4) :
    trimprefix("${key.section}.${key.name}", ".") => local.config_names[key.section]... if !contains(local.config_names[key.section], key.name)
  }
}
