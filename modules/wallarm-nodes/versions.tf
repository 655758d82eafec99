terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The Wallarm module wants less than 6.
      version = ">= 5.80, < 6"
    }
  }
}
